-- Ends a migration that was taken back: what others change is not kept any longer. Takes it back,
-- too, if that was not done. Safe to repeat.
CREATE OR REPLACE FUNCTION close_capital_migration(p_run_id TEXT, p_seconds NUMERIC)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM trueup.capital_migrations WHERE run_id = p_run_id AND closed_at IS NULL
    ) THEN
        RETURN;
    END IF;
    PERFORM undo_capital_migration(p_run_id, p_seconds);
    PERFORM lock_capital_tables(
        'ACCESS EXCLUSIVE', '{Prestamo,PagoPrestamo,Junta,Accion,Multa}', p_seconds
    );
    PERFORM drop_app_triggers('{trueup_1_log,trueup_1_log_update,trueup_refuse_truncate}');
    DELETE FROM trueup.capital_changes WHERE run_id = p_run_id;
    UPDATE trueup.capital_migrations SET closed_at = clock_timestamp() WHERE run_id = p_run_id;
END
$$;
