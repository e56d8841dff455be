-- Checks every row that stands against the rule; writers go on meanwhile.
ALTER TABLE coin_journal_entries VALIDATE CONSTRAINT coin_journal_entries_adds_up
