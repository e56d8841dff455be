-- Counts the reversing entries of a run.
SELECT count(*) AS reversed
FROM ledger_entries
WHERE reverses IS NOT NULL AND run_id = %(run_id)s
