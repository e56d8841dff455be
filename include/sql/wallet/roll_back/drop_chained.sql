-- Takes back the rule that the run applied.
DROP TRIGGER IF EXISTS coin_journal_entries_chained ON coin_journal_entries
