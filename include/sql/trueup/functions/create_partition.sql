-- Creates a run's own unlogged partition of a staging table, anew when there is one.
-- Its name ends in the run id's time and random part: a whole run id may not fit into 63 bytes.
CREATE OR REPLACE FUNCTION trueup.create_partition(p_parent TEXT, p_run_id TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM trueup.drop_partition(p_parent, p_run_id);
    EXECUTE format(
        'CREATE UNLOGGED TABLE trueup.%I PARTITION OF trueup.%I (PRIMARY KEY (position)) '
        'FOR VALUES IN (%L)',
        p_parent || ':' || right(p_run_id, 22), p_parent, p_run_id
    );
END
$$;
