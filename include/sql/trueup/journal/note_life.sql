-- Says that somebody works on the run.
UPDATE trueup.runs SET last_seen_at = clock_timestamp() WHERE run_id = %(run_id)s
