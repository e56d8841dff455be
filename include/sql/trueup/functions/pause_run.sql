-- Asks a run to wait: its workers stop before their next batch, and the same trigger resumes it.
CREATE OR REPLACE FUNCTION trueup.pause_run(p_run_id TEXT)
RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    v_status TEXT;
BEGIN
    -- In turn with the batches: they share it, and those that come later wait behind this one.
    PERFORM pg_advisory_xact_lock(hashtextextended('trueup turn ' || p_run_id, 0));
    SELECT status INTO v_status FROM trueup.runs WHERE run_id = p_run_id FOR UPDATE;
    IF v_status IS DISTINCT FROM 'posting' THEN
        RAISE EXCEPTION 'Run % is %; only a run that is posting can be paused.',
        p_run_id, coalesce(v_status, 'not in this database');
    END IF;
    UPDATE trueup.runs SET status = 'paused', message = 'A person asked the run to wait'
    WHERE run_id = p_run_id;
    RETURN format('Run %s is paused; trigger the same again to resume it.', p_run_id);
END
$$;
