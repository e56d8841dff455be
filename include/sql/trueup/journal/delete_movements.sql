-- Forgets what a run's rows move.
DELETE FROM trueup.movements WHERE run_id = %(run_id)s AND plain = %(plain)s
