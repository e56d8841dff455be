-- Counts the balances that a run is held against.
SELECT count(*) AS balances
FROM trueup.expected_balances
WHERE run_id = %(run_id)s
