-- Refuses to change or remove a journal entry; the rollback of the run that made it may remove it.
CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF EXISTS (
            SELECT 1 FROM trueup.runs WHERE run_id = old.run_id AND status = 'rolling_back'
        ) THEN
            RETURN old;
        END IF;
    END IF;
    RAISE EXCEPTION 'Journal entries are never changed or removed; book a transaction that reverses'
    USING ERRCODE = 'check_violation', TABLE = 'coin_journal_entries',
    CONSTRAINT = 'coin_journal_entries_append_only';
END
$$;
