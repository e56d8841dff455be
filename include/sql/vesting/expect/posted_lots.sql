-- Gives the lots that this run made.
SELECT
    id::TEXT AS id,
    source_operation_id::TEXT AS source_operation_id,
    vault_code,
    status
FROM vault_vesting_lots
WHERE run_id = %(run_id)s
