-- Forgets the breaks of an earlier attempt to reconcile.
DELETE FROM trueup.breaks WHERE run_id = %(run_id)s
