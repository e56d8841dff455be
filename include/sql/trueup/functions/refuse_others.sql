-- Refuses, in words, who writes to a table that a run is loading for the first time.
CREATE OR REPLACE FUNCTION trueup.refuse_others()
RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('trueup.run_id', TRUE) IS DISTINCT FROM TG_ARGV[0] THEN
        RAISE EXCEPTION '% is being loaded for the first time by run %: nothing else is posted '
            'until it is over', TG_TABLE_NAME, TG_ARGV[0]
        USING
            ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Wait for the run; if it broke off, trigger it again, or take it back with the '
            'DAG rollback.';
    END IF;
    RETURN NULL;
END
$$;
