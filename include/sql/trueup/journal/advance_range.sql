-- Moves a range's checkpoint past the batch that this very transaction posts.
UPDATE trueup.run_ranges SET
    checkpoint_key = %(last_key)s,
    batches = batches + %(batches)s,
    read = read + %(read)s,
    posted = posted + %(posted)s,
    replayed = replayed + %(replayed)s,
    quarantined = quarantined + %(quarantined)s,
    updated_at = clock_timestamp()
WHERE run_id = %(run_id)s AND range_no = %(range_no)s
RETURNING range_no, last_key, checkpoint_key, batches, read, posted, replayed, quarantined
