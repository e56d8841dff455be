-- Lists lots of this run of which something is released already.
SELECT
    source_operation_id,
    released_amount,
    status
FROM vault_vesting_lots
WHERE run_id = %(run_id)s AND (released_amount <> 0 OR remaining_amount <> amount)
ORDER BY source_operation_id
