-- Ends the way back of a migration that stands, when nobody will go it any more: the old tables go,
-- what followed into them and what kept the app's changes, and those changes. Gives how many were
-- forgotten. Capital is tracked as before. Safe to repeat.
CREATE OR REPLACE FUNCTION end_way_back(p_run_id TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    v_forgotten BIGINT;
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM trueup.capital_migrations
        WHERE run_id = p_run_id AND cut_over_at IS NOT NULL AND undone_at IS NULL
    ) OR EXISTS (
        SELECT 1 FROM trueup.runs WHERE run_id = p_run_id AND status <> 'completed'
    ) THEN
        RAISE EXCEPTION 'Run % is no migration that is completed and stands', p_run_id
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM lock_capital_tables(
        'ACCESS EXCLUSIVE',
        ARRAY(
            SELECT name
            FROM unnest('{
                PrestamoOld, PagoPrestamoOld, Prestamo, PagoPrestamo, Junta, Accion, Multa
            }'::TEXT[]) AS name
            WHERE to_regclass(format('%I', name)) IS NOT NULL
        ),
        60
    );
    PERFORM drop_app_triggers('{trueup_1_log,trueup_1_log_update,trueup_2_shadow}');
    DROP TABLE IF EXISTS "PagoPrestamoOld", "PrestamoOld";
    DELETE FROM trueup.capital_changes WHERE run_id = p_run_id;
    GET DIAGNOSTICS v_forgotten = ROW_COUNT;
    UPDATE trueup.capital_migrations SET closed_at = coalesce(closed_at, clock_timestamp())
    WHERE run_id = p_run_id;
    RETURN v_forgotten;
END
$$;
