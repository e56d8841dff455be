-- Tells whether a connected session works on the run.
SELECT NOT pg_try_advisory_xact_lock(hashtextextended('trueup ' || %(run_id)s, 0)) AS worked_on
