-- Tells whether rows were staged, and none is there: staging is empty after a database crash.
SELECT
    run.staged_rows > (
        SELECT coalesce(sum(plain_rows), 0) FROM trueup.source_blocks WHERE run_id = %(run_id)s
    )
    AND NOT EXISTS (SELECT 1 FROM trueup.staged_entries WHERE run_id = %(run_id)s)
    AND NOT EXISTS (SELECT 1 FROM trueup.prepared_entries WHERE run_id = %(run_id)s) AS lost
FROM trueup.runs AS run
WHERE run.run_id = %(run_id)s
