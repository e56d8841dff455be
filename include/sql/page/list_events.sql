-- Lists the last sentences about a run in their order, and the stage that each of them came from.
SELECT id, logged_at, stage, event
FROM (
    SELECT id, logged_at, stage, event
    FROM trueup.run_events
    WHERE run_id = %(run_id)s
    ORDER BY id DESC
    LIMIT %(rows)s
) AS latest
ORDER BY id
