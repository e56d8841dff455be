-- Takes a migration back, in one short transaction: the old tables have their names again, with all
-- that was written meanwhile, and everything that the run made is gone but the log of what others
-- change, which the proof needs (close_capital_migration). Safe to repeat. Gives how many movements
-- were removed.
CREATE OR REPLACE FUNCTION undo_capital_migration(p_run_id TEXT, p_seconds NUMERIC)
RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    v_migration trueup.capital_migrations;
    v_movements BIGINT;
    v_obstacles TEXT;
BEGIN
    SELECT * INTO v_migration FROM trueup.capital_migrations WHERE run_id = p_run_id;
    IF NOT FOUND OR v_migration.undone_at IS NOT NULL THEN
        RETURN 0;
    END IF;
    PERFORM lock_capital_tables(
        'ACCESS EXCLUSIVE',
        CASE
            WHEN v_migration.cut_over_at IS NULL
                THEN '{PrestamoNew,PagoPrestamoNew}'::TEXT[]
            ELSE '{PrestamoOld,PagoPrestamoOld}'::TEXT[]
        END || '{Prestamo,PagoPrestamo,Junta,Accion,Multa,capital_movements}',
        p_seconds
    );
    -- Looked at before; but who was under way then has ended only now.
    SELECT string_agg(obstacle, ' ') INTO v_obstacles FROM undo_obstacles(p_run_id);
    IF v_obstacles IS NOT NULL THEN
        RAISE EXCEPTION '%', v_obstacles USING ERRCODE = 'check_violation';
    END IF;
    -- Every row of it goes, and nobody need count them under the lock to the last: what the planner
    -- knows would do, but an auditor wants the number.
    SELECT count(*) INTO v_movements FROM capital_movements;

    IF v_migration.cut_over_at IS NOT NULL THEN
        PERFORM swap_capital_tables('Prestamo', 'PrestamoOld', 'PrestamoNew');
        PERFORM swap_capital_tables('PagoPrestamo', 'PagoPrestamoOld', 'PagoPrestamoNew');
        ALTER TABLE "Junta"
        DROP COLUMN current_capital, DROP COLUMN base_capital, DROP COLUMN available_capital;
    END IF;
    DROP TABLE capital_movements, "PagoPrestamoNew", "PrestamoNew";
    DROP TABLE IF EXISTS trueup.capital_deltas;
    PERFORM drop_app_triggers('{trueup_0_hold,trueup_2_shadow,trueup_3_capital,capital_follows}');
    UPDATE trueup.capital_migrations SET undone_at = clock_timestamp() WHERE run_id = p_run_id;
    RETURN v_movements;
END
$$;
