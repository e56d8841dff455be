-- Gives a run's filled partition of a staging table its key, and tells the planner what is in it.
CREATE OR REPLACE FUNCTION trueup.key_partition(p_parent TEXT, p_run_id TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_name TEXT := p_parent || ':' || right(p_run_id, 22);
BEGIN
    EXECUTE format('ALTER TABLE trueup.%I ADD PRIMARY KEY (position)', v_name);
    EXECUTE format('ANALYZE trueup.%I', v_name);
END
$$;
