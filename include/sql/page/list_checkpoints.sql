-- Lists how far the ranges of a run are settled.
SELECT
    range_no, first_key, last_key, checkpoint_key, batches, read, posted, replayed, quarantined,
    updated_at
FROM trueup.run_checkpoints
WHERE run_id = %(run_id)s
ORDER BY range_no
