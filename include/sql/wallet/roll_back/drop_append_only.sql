-- Takes back the rule that the run applied.
DROP TRIGGER IF EXISTS coin_journal_entries_append_only ON coin_journal_entries;
DROP TRIGGER IF EXISTS coin_journal_entries_not_emptied ON coin_journal_entries;
