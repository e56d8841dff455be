-- Drops a run's partition of a staging table, if there is one.
CREATE OR REPLACE FUNCTION trueup.drop_partition(p_parent TEXT, p_run_id TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS trueup.%I', p_parent || ':' || right(p_run_id, 22));
END
$$;
