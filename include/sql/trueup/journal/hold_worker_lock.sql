-- Marks this session as a worker of the run, for as long as it is connected.
SELECT pg_advisory_lock_shared(hashtextextended('trueup ' || %(run_id)s, 0))
