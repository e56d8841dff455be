-- Tells whether verdicts stand: prepared entries are unlogged and vanish in a database crash.
SELECT EXISTS (
    SELECT 1 FROM trueup.prepared_entries WHERE run_id = %(run_id)s
) AS found
