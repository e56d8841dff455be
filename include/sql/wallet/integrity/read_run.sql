-- Reads a run of the check.
SELECT
    id AS run_id,
    created_at,
    report
FROM ledger_reconciliation_runs
WHERE id = %(run_id)s AND report ->> 'check' = 'wallet_integrity'
