-- Gives the lowest and highest key to post: the upper bound is fixed here, at the start.
SELECT
    min(position) AS first_key,
    max(position) AS last_key
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
