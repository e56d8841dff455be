-- Lists operations of which several lots were made; possible only where the unique key is missing.
SELECT
    'vesting' AS ledger_id,
    source_operation_id::TEXT AS reference_id,
    count(*) AS entries
FROM vault_vesting_lots
GROUP BY source_operation_id
HAVING count(*) > 1
ORDER BY source_operation_id
