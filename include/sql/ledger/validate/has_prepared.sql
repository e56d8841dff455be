-- Tells whether anything is prepared: such entries are unlogged, and a crash takes them all at once.
SELECT EXISTS (
    SELECT 1 FROM trueup.prepared_entries WHERE run_id = %(run_id)s
) AS found
