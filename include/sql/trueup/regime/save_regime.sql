-- Keeps the regime in which a run posts.
UPDATE trueup.runs SET regime = %(regime)s WHERE run_id = %(run_id)s
