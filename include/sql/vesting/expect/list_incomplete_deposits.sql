-- Lists lots of this run whose deposit is not completed.
SELECT
    lot.source_operation_id,
    operation.status
FROM vault_vesting_lots AS lot
INNER JOIN operations AS operation ON operation.id = lot.source_operation_id
WHERE lot.run_id = %(run_id)s AND operation.status <> 'COMPLETED'
ORDER BY lot.source_operation_id
