-- Forgets the accounts of an earlier attempt to ingest.
DELETE FROM trueup.staged_accounts WHERE run_id = %(run_id)s
