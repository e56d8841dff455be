-- Keeps the first failure of a run: it decides between rollback and resume.
UPDATE trueup.runs SET
    failure = %(failure)s,
    message = %(message)s,
    last_seen_at = clock_timestamp()
WHERE
    run_id = %(run_id)s
    AND coalesce(failure, 'operational') = 'operational'
    AND status NOT IN ('completed', 'previewed', 'rolled_back')
