-- Nothing to check: what was changed before the rule cannot be seen.
SELECT count(*) AS entries FROM coin_journal_entries
