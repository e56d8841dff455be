-- Lists a run's batches.
SELECT
    batch_no, first_key, last_key, read, posted, replayed, quarantined, seconds,
    checkpoint_seconds, committed_at
FROM trueup.run_batches
WHERE run_id = %(run_id)s
ORDER BY batch_no
