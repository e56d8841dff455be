-- Adds figures of a stage to what the run has found; a repeated stage replaces its own.
UPDATE trueup.runs SET
    figures = figures || %(figures)s,
    last_seen_at = clock_timestamp()
WHERE run_id = %(run_id)s
