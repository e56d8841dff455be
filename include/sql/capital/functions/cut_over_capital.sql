-- Switches the app from the old schema to the new one, in one short transaction: the shadow tables
-- take the names of the old ones, juntas get their capital, and from here on its rules hold. The
-- old tables go on following the new ones, so that an undo loses no write. Safe to repeat: gives
-- false when it is done already. p_seconds: for how long it is tried while other sessions keep the
-- tables.
CREATE OR REPLACE FUNCTION cut_over_capital(p_run_id TEXT, p_seconds NUMERIC)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    v_table TEXT;
    v_event TEXT;
    v_found TEXT;
BEGIN
    IF EXISTS (
        SELECT 1 FROM trueup.capital_migrations
        WHERE run_id = p_run_id AND cut_over_at IS NOT NULL
    ) THEN
        RETURN FALSE;
    END IF;
    PERFORM lock_capital_tables(
        'ACCESS EXCLUSIVE',
        '{Prestamo,PagoPrestamo,PrestamoNew,PagoPrestamoNew,Junta,Accion,Multa,capital_movements}',
        p_seconds
    );

    -- What the app has hung on its tables meanwhile would be lost with the old ones.
    SELECT string_agg(said, ' ' ORDER BY said) INTO v_found
    FROM (
        SELECT obstacle FROM capital_obstacles()
        UNION ALL
        SELECT upper(left(change, 1)) || substr(change, 2) || '.' FROM carried_changes()
    ) AS found (said);
    IF v_found IS NOT NULL THEN
        RAISE EXCEPTION 'The app has changed its tables during the migration: %', v_found
        USING
            ERRCODE = 'check_violation',
            HINT = 'Take the migration back, and start it again on the tables as they are now.';
    END IF;
    SELECT format('%s rows; %s %s: %s', count(*), min(kind), min(source_id), min(cause))
    INTO v_found
    FROM changed_differences(p_run_id)
    HAVING count(*) > 0;
    IF v_found IS NOT NULL THEN
        RAISE EXCEPTION 'What the app has written meanwhile was not followed: %', v_found
        USING
            ERRCODE = 'check_violation',
            HINT = 'Take the migration back, mend the row, and start it again.';
    END IF;

    FOREACH v_table IN ARRAY '{Prestamo,PagoPrestamo,Accion,Multa}'::TEXT[] LOOP
        EXECUTE format('DROP TRIGGER trueup_0_hold ON %I', v_table);
        EXECUTE format('DROP TRIGGER trueup_3_capital ON %I', v_table);
    END LOOP;
    DROP TRIGGER trueup_2_shadow ON "Prestamo";
    DROP TRIGGER trueup_2_shadow ON "PagoPrestamo";

    PERFORM swap_capital_tables('Prestamo', 'PrestamoNew', 'PrestamoOld');
    PERFORM swap_capital_tables('PagoPrestamo', 'PagoPrestamoNew', 'PagoPrestamoOld');
    PERFORM set_shadow_follower('Prestamo', 'PrestamoOld');
    PERFORM set_shadow_follower('PagoPrestamo', 'PagoPrestamoOld');
    CREATE TRIGGER trueup_refuse_truncate BEFORE TRUNCATE ON "Prestamo"
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
    CREATE TRIGGER trueup_refuse_truncate BEFORE TRUNCATE ON "PagoPrestamo"
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();

    ALTER TABLE "Junta"
    ADD COLUMN current_capital NUMERIC(20, 2) NOT NULL DEFAULT 0,
    ADD COLUMN base_capital NUMERIC(20, 2) NOT NULL DEFAULT 0,
    ADD COLUMN available_capital NUMERIC(20, 2) NOT NULL DEFAULT 0;
    UPDATE "Junta" AS junta SET
        base_capital = brought.base,
        current_capital = brought.current,
        available_capital = brought.current
    FROM (
        SELECT junta_id, sum(base) AS base, sum(current) AS current
        FROM trueup.capital_deltas
        GROUP BY junta_id
    ) AS brought
    WHERE junta.id = brought.junta_id;

    FOREACH v_event IN ARRAY '{INSERT,UPDATE,DELETE}'::TEXT[] LOOP
        EXECUTE format('DROP TRIGGER trueup_note_%s ON capital_movements', lower(v_event));
        EXECUTE format(
            'CREATE TRIGGER capital_moves_%s AFTER %s ON capital_movements %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION move_capital()',
            lower(v_event), v_event, transition_tables(v_event)
        );
    END LOOP;
    DROP TABLE trueup.capital_deltas;
    CREATE TRIGGER trueup_refuse_truncate BEFORE TRUNCATE ON capital_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate();
    EXECUTE 'CREATE TRIGGER capital_follows AFTER INSERT OR UPDATE OR DELETE ON "Accion" '
    'FOR EACH ROW EXECUTE FUNCTION follow_capital(''ACCION'', ''rules'')';
    EXECUTE 'CREATE TRIGGER capital_follows AFTER INSERT OR UPDATE OR DELETE ON "Multa" '
    'FOR EACH ROW EXECUTE FUNCTION follow_capital(''MULTA'', ''rules'')';
    EXECUTE 'CREATE TRIGGER capital_follows AFTER INSERT OR UPDATE OR DELETE ON "Prestamo" '
    'FOR EACH ROW EXECUTE FUNCTION follow_capital(''PRESTAMO'', ''rules'')';
    EXECUTE 'CREATE TRIGGER capital_follows AFTER INSERT OR UPDATE OR DELETE ON "PagoPrestamo" '
    'FOR EACH ROW EXECUTE FUNCTION follow_capital(''PAGO'', ''rules'')';

    UPDATE trueup.capital_migrations SET cut_over_at = clock_timestamp() WHERE run_id = p_run_id;
    RETURN TRUE;
END
$$;
