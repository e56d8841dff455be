-- Tells whether any row is staged as text: plain ones have their verdict already.
SELECT EXISTS(SELECT 1 FROM trueup.staged_entries WHERE run_id = %(run_id)s) AS found
