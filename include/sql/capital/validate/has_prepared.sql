-- Tells whether anything is prepared: unlogged as it is, a crash takes it all at once.
SELECT count(*) > 0 AS found
FROM trueup.prepared_entries
WHERE run_id = %(run_id)s
