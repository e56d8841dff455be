-- One release operation a lot; its key is the lot's own, so that no lot is ever paid twice.
INSERT INTO operations (
    id, transaction_id, type, status, idempotency_key, operation_metadata, created_at
)
SELECT
    decided.operation_id,
    gen_random_uuid(),
    'VAULT_VESTING_RELEASE',
    'COMPLETED',
    'VAULT_VESTING_RELEASE:' || lot.id,
    json_build_object(
        'vault_code', lot.vault_code,
        'currency', lot.currency,
        'vesting_lot_id', lot.id,
        'source_operation_id', lot.source_operation_id,
        'release_day', lot.release_day,
        'as_of_date', %(as_of_date)s::DATE,
        'release_job_trace_id', decided.trace_id
    ),
    now()
FROM vesting_release_outcomes AS decided
INNER JOIN vault_vesting_lots AS lot ON lot.id = decided.lot_id
WHERE
    decided.trace_id = %(trace_id)s
    AND decided.lot_id = any(%(released)s);
