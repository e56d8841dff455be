-- Moves the capital of each junta by what a statement over movements brought it, and refuses what
-- would take more than the junta has. Juntas are locked by id, so that two writers queue and never
-- wait for each other.
CREATE OR REPLACE FUNCTION move_capital() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_juntas TEXT[];
    v_bases NUMERIC[];
    v_currents NUMERIC[];
    v_short RECORD;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(junta_id), array_agg(base), array_agg(current)
        INTO v_juntas, v_bases, v_currents
        FROM (
            SELECT
                junta_id,
                coalesce(sum(amount) FILTER (WHERE type = 'ACCION'), 0) AS base,
                sum(signed_amount(direction, amount)) AS current
            FROM these
            GROUP BY junta_id
        ) AS brought;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(junta_id), array_agg(base), array_agg(current)
        INTO v_juntas, v_bases, v_currents
        FROM (
            SELECT
                junta_id,
                -coalesce(sum(amount) FILTER (WHERE type = 'ACCION'), 0) AS base,
                -sum(signed_amount(direction, amount)) AS current
            FROM those
            GROUP BY junta_id
        ) AS brought;
    ELSE
        SELECT array_agg(junta_id), array_agg(base), array_agg(current)
        INTO v_juntas, v_bases, v_currents
        FROM (
            SELECT
                junta_id,
                coalesce(sum(sign * amount) FILTER (WHERE type = 'ACCION'), 0) AS base,
                sum(sign * signed_amount(direction, amount)) AS current
            FROM (
                SELECT 1 AS sign, junta_id, type, direction, amount FROM these
                UNION ALL
                SELECT -1, junta_id, type, direction, amount FROM those
            ) AS changed
            GROUP BY junta_id
        ) AS brought
        WHERE base <> 0 OR current <> 0;
    END IF;
    IF v_juntas IS NULL THEN
        RETURN NULL;
    END IF;

    PERFORM 1 FROM "Junta" WHERE id = ANY(v_juntas) ORDER BY id FOR NO KEY UPDATE;
    UPDATE "Junta" AS junta SET
        base_capital = junta.base_capital + brought.base,
        current_capital = junta.current_capital + brought.current,
        available_capital = junta.available_capital + brought.current
    FROM unnest(v_juntas, v_bases, v_currents) AS brought (junta_id, base, current)
    WHERE junta.id = brought.junta_id;

    SELECT junta.name, junta.available_capital AS left_over, -brought.current AS wanted
    INTO v_short
    FROM unnest(v_juntas, v_currents) AS brought (junta_id, current)
    INNER JOIN "Junta" AS junta ON junta.id = brought.junta_id
    WHERE brought.current < 0 AND junta.available_capital < 0
    ORDER BY junta.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% would be taken out of junta %, which has % available',
        v_short.wanted, v_short.name, v_short.left_over + v_short.wanted
        USING
            ERRCODE = 'check_violation',
            CONSTRAINT = 'Junta_capital_not_overdrawn',
            TABLE = 'Junta',
            HINT = 'A loan may not exceed the capital that its junta has available.';
    END IF;
    RETURN NULL;
END
$$;

-- Attached to a table of somebody's own, it would do there with our rights what they tell it.
REVOKE EXECUTE ON FUNCTION move_capital() FROM public;
