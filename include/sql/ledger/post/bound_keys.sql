-- Gives the lowest and highest key to post: the upper bound is fixed here, at the start.
SELECT
    min(first_key) AS first_key,
    max(last_key) AS last_key
FROM (
    SELECT min(position) AS first_key, max(position) AS last_key
    FROM trueup.staged_entries WHERE run_id = %(run_id)s
    UNION ALL
    SELECT min(position), max(position)
    FROM trueup.prepared_entries WHERE run_id = %(run_id)s
    UNION ALL
    SELECT min(first_key), max(last_key)
    FROM trueup.source_blocks WHERE run_id = %(run_id)s
) AS bounds
