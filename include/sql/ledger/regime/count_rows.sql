-- Counts the entries that an initial load has written, and any that it has not.
SELECT
    count(*) AS rows,
    count(*) FILTER (WHERE run_id IS DISTINCT FROM %(run_id)s) AS foreign_rows
FROM ledger_entries
