-- The figures of the last runs of this check, the latest first. Others may keep runs here, too.
SELECT
    id AS run_id,
    status,
    created_at,
    report -> 'figures' AS figures
FROM ledger_reconciliation_runs
WHERE report ->> 'check' = 'wallet_integrity'
ORDER BY created_at DESC, id DESC
LIMIT %(most)s
