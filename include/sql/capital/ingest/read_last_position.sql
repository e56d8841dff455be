-- Reads the number of the last row that is staged; 0 when none is.
SELECT coalesce(max(position), 0) AS last_position
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
