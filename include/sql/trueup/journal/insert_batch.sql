-- Writes a batch into the journal.
INSERT INTO trueup.batches (
    run_id, batch_no, range_no, first_key, last_key, read, posted, replayed, quarantined,
    seconds, checkpoint_seconds, committed_at
) VALUES (
    %(run_id)s, %(batch_no)s, %(range_no)s, %(first_key)s, %(last_key)s, %(read)s, %(posted)s,
    %(replayed)s, %(quarantined)s, %(seconds)s, %(checkpoint_seconds)s, clock_timestamp()
)
