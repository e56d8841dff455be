-- Tells whether anything is staged: staging is unlogged and empty after a database crash.
SELECT count(*) > 0 AS found
FROM (
    SELECT position FROM trueup.staged_entries WHERE run_id = %(run_id)s
    ORDER BY position LIMIT 1
) AS first_record
