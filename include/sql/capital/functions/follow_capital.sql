-- Keeps the movement of a row of the app as the row is: one while it moves capital, none otherwise.
-- Arguments of the trigger: the kind of row, and `rules` once the migration has cut over. Until
-- then nothing is refused that the old schema accepted: a row that cannot be booked has no
-- movement, and verification finds it.
CREATE OR REPLACE FUNCTION follow_capital() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET extra_float_digits = 1 AS $$
DECLARE
    v_kind CONSTANT TEXT := TG_ARGV[0];
    v_rules CONSTANT BOOLEAN := TG_NARGS > 1;
    v_column CONSTANT TEXT := lower(v_kind) || '_id';
    v_id TEXT;
    v_junta_id TEXT;
    v_word TEXT;
    v_at TIMESTAMPTZ;
    v_amount NUMERIC;
    v_verdict TEXT;
    v_description TEXT;
    v_found BIGINT;
BEGIN
    IF v_kind = 'PRESTAMO' AND TG_OP = 'UPDATE' THEN
        -- Before any junta is locked: a payment takes this hold before it locks its junta.
        IF NEW.junta_id IS DISTINCT FROM OLD.junta_id THEN
            PERFORM hold_loan(OLD.id, TRUE);
        END IF;
    END IF;
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.id <> NEW.id) THEN
        EXECUTE format('DELETE FROM capital_movements WHERE %I = $1', v_column) USING OLD.id;
        GET DIAGNOSTICS v_found = ROW_COUNT;
        IF v_rules AND v_found = 0 THEN
            PERFORM refuse_old_snapshot(v_kind, to_jsonb(OLD));
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;

    v_id := NEW.id;
    v_amount := exact_amount(NEW.amount);
    CASE v_kind
        WHEN 'ACCION' THEN
            v_junta_id := NEW.junta_id; v_at := NEW.created_at; v_word := NEW.type;
        WHEN 'MULTA' THEN
            v_junta_id := NEW.junta_id; v_at := NEW.created_at; v_word := NEW.status;
            v_description := NEW.description;
        WHEN 'PRESTAMO' THEN
            v_junta_id := NEW.junta_id; v_at := NEW.created_at; v_word := NEW.status;
            v_description := NEW.description;
        WHEN 'PAGO' THEN
            PERFORM hold_loan(NEW.prestamo_id, FALSE);
            v_junta_id := junta_of_loan(NEW.prestamo_id); v_at := NEW.date;
    END CASE;

    v_verdict := capital_verdict(
        v_kind, v_word, v_amount, (SELECT id FROM "Junta" WHERE id = v_junta_id), v_at
    );
    IF v_verdict IS NOT NULL AND v_rules THEN
        RAISE EXCEPTION '% % moves no capital: %', v_kind, v_id,
        (SELECT lower(left(meaning, 1)) || substr(meaning, 2) FROM trueup.reason_codes
        WHERE code = v_verdict)
        USING
            ERRCODE = 'check_violation',
            CONSTRAINT = TG_TABLE_NAME || '_' || v_verdict,
            TABLE = TG_TABLE_NAME,
            HINT = 'Amounts are above zero and in whole cents; words are those of the app.';
    END IF;
    IF v_verdict IS NULL AND capital_moves(v_kind, v_word) THEN
        EXECUTE format(
            'INSERT INTO capital_movements '
            '(amount, type, direction, description, created_at, junta_id, %1$I) '
            'VALUES ($1, $2, $3, $4, $5, $6, $7) '
            'ON CONFLICT (%1$I) WHERE %1$I IS NOT NULL DO UPDATE SET '
            'amount = excluded.amount, description = excluded.description, '
            'created_at = excluded.created_at, junta_id = excluded.junta_id',
            v_column
        ) USING
            v_amount, v_kind, CASE v_kind WHEN 'PRESTAMO' THEN 'DECREASE' ELSE 'INCREASE' END,
            v_description, v_at, v_junta_id, v_id;
    ELSIF TG_OP = 'UPDATE' THEN
        EXECUTE format('DELETE FROM capital_movements WHERE %I = $1', v_column) USING v_id;
    END IF;

    -- A loan's payments are its junta's.
    IF v_kind = 'PRESTAMO' AND TG_OP = 'UPDATE' THEN
        IF NEW.junta_id IS DISTINCT FROM OLD.junta_id AND NEW.junta_id IS NOT NULL THEN
            UPDATE capital_movements SET junta_id = NEW.junta_id
            WHERE pago_id IN (SELECT id FROM "PagoPrestamo" WHERE prestamo_id = v_id);
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Attached to a table of somebody's own, it would do there with our rights what they tell it.
REVOKE EXECUTE ON FUNCTION follow_capital() FROM public;
