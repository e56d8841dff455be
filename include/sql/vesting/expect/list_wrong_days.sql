-- Lists lots of this run whose deposit day is not the UTC date of their operation, or whose release
-- day is not 365 days later.
SELECT
    lot.source_operation_id,
    operation.created_at,
    lot.deposit_day,
    lot.release_day
FROM vault_vesting_lots AS lot
INNER JOIN operations AS operation ON operation.id = lot.source_operation_id
WHERE
    lot.run_id = %(run_id)s
    AND (
        lot.deposit_day <> (operation.created_at AT TIME ZONE 'UTC')::DATE
        OR lot.release_day <> lot.deposit_day + 365
    )
ORDER BY lot.source_operation_id
