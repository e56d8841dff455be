-- Journal entries are never changed and never removed, but by the rollback of the run that made
-- them.
CREATE TRIGGER coin_journal_entries_append_only BEFORE UPDATE OR DELETE ON coin_journal_entries
FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER coin_journal_entries_not_emptied BEFORE TRUNCATE ON coin_journal_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
