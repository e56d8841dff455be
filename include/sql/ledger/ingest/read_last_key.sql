-- Reads the highest key that is staged.
SELECT coalesce(max(position), 1) AS last_key
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
