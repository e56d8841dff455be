-- Forgets what an earlier comparison of this run found.
DELETE FROM trueup.ledger_differences WHERE run_id = %(run_id)s
