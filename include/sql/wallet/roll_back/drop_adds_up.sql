-- Takes back the rule that the run applied.
ALTER TABLE coin_journal_entries DROP CONSTRAINT IF EXISTS coin_journal_entries_adds_up
