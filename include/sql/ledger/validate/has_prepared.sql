-- Tells whether verdicts stand: prepared entries are unlogged and vanish in a database crash.
SELECT count(*) > 0 AS found
FROM (
    SELECT position FROM trueup.prepared_entries WHERE run_id = %(run_id)s
    ORDER BY position LIMIT 1
) AS first_entry
