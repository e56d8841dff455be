-- Holds a run's state still while a batch is written; a rollback waits for it, then shuts the door.
-- The turn comes first: who changes the state queues for it, and no later batch gets in before.
WITH turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(hashtextextended('trueup turn ' || %(run_id)s, 0))
)
SELECT run.status, run.attempt
FROM turn, trueup.runs AS run
WHERE run.run_id = %(run_id)s
-- For the newest version of the row, which may have changed while the turn was waited for.
FOR KEY SHARE OF run
