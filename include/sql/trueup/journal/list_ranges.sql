-- Lists a run's ranges with their checkpoints.
SELECT
    range_no, first_key, last_key, checkpoint_key, batches, read, posted, replayed, quarantined
FROM trueup.run_ranges
WHERE run_id = %(run_id)s
ORDER BY range_no
