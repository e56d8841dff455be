-- Creates a run's own partition of a staging table, anew when there is one; unlogged unless asked.
-- Made apart and then attached: creating it in place would lock the parent against every other run.
-- Its name ends in the run id's time and random part: a whole run id may not fit into 63 bytes.
-- Its key is added when it is filled: loading into an index takes half as long again.
CREATE OR REPLACE FUNCTION trueup.create_partition(
    p_parent TEXT, p_run_id TEXT, p_logged BOOLEAN DEFAULT FALSE
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_name TEXT := p_parent || ':' || right(p_run_id, 22);
BEGIN
    PERFORM trueup.drop_partition(p_parent, p_run_id);
    EXECUTE format(
        'CREATE %s TABLE trueup.%I (LIKE trueup.%I INCLUDING DEFAULTS)',
        CASE WHEN p_logged THEN '' ELSE 'UNLOGGED' END, v_name, p_parent
    );
    EXECUTE format(
        'ALTER TABLE trueup.%I ATTACH PARTITION trueup.%I FOR VALUES IN (%L)',
        p_parent, v_name, p_run_id
    );
END
$$;
