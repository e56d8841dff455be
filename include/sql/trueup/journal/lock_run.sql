-- Locks a run for a change of its state; batches in flight share the turn and are waited for.
WITH turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended('trueup turn ' || %(run_id)s, 0))
)
SELECT run.status, run.attempt
FROM turn, trueup.runs AS run
WHERE run.run_id = %(run_id)s
FOR UPDATE OF run
