-- Tells whether rows were staged, and none is there: staging is empty after a database crash.
SELECT
    run.staged_rows > 0
    AND NOT EXISTS (SELECT 1 FROM trueup.staged_entries WHERE run_id = %(run_id)s) AS lost
FROM trueup.runs AS run
WHERE run.run_id = %(run_id)s
