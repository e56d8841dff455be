-- Gives this run's staged rows, for the expectations that look at them column by column.
SELECT
    position,
    reason_code
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
