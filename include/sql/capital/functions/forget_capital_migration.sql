-- Remembers that a migration is undone, its tables having been replaced by those of the backup;
-- what it had tracked with goes.
CREATE OR REPLACE FUNCTION forget_capital_migration(p_run_id TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS trueup.capital_deltas;
    DELETE FROM trueup.capital_changes WHERE run_id = p_run_id;
    UPDATE trueup.capital_migrations
    SET undone_at = clock_timestamp(), closed_at = clock_timestamp()
    WHERE run_id = p_run_id;
END
$$;
