-- Locks a range's checkpoint: two workers on one range take turns and never share a batch.
SELECT
    range_no, first_key, last_key, checkpoint_key, batches, read, posted, replayed, quarantined
FROM trueup.run_ranges
WHERE run_id = %(run_id)s AND range_no = %(range_no)s
FOR UPDATE
