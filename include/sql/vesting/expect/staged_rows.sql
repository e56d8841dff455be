-- Gives this run's deposits as they were staged.
SELECT
    position,
    operation_id::TEXT AS operation_id,
    status
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
