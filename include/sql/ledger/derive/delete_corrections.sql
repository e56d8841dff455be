-- Forgets what an earlier attempt of this run proposed.
DELETE FROM trueup.corrections WHERE run_id = %(run_id)s
