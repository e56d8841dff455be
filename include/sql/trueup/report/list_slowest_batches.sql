-- Lists the slowest of a run's batches.
SELECT
    batch_no,
    first_key,
    last_key,
    read,
    posted,
    replayed,
    quarantined,
    round(seconds, 3)::TEXT AS seconds,
    round(checkpoint_seconds, 3)::TEXT AS checkpoint_seconds,
    committed_at
FROM trueup.run_batches
WHERE run_id = %(run_id)s
ORDER BY run_batches.seconds DESC, batch_no ASC
LIMIT %(rows)s
