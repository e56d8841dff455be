-- Forgets the expected balances of an earlier attempt to ingest.
DELETE FROM trueup.expected_balances WHERE run_id = %(run_id)s
