-- Counts the rows.
SELECT count(*) AS rows FROM ledger_entries
