-- Opens a range of keys for one worker.
INSERT INTO trueup.run_ranges (run_id, range_no, first_key, last_key, checkpoint_key)
VALUES (%(run_id)s, %(range_no)s, %(first_key)s, %(last_key)s, %(first_key)s - 1)
