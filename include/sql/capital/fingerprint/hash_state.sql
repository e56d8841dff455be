-- Fingerprints the app's schema and rows as of the moment in which the migration opened.
SELECT capital_state_hash(%(run_id)s) AS state_hash
