-- Says in the lots that they are released, by which operation and by which job.
UPDATE vault_vesting_lots AS lot
SET
    released_amount = lot.amount,
    status = 'RELEASED',
    last_released_at = now(),
    last_release_operation_id = decided.operation_id,
    release_job_trace_id = decided.trace_id,
    release_job_run_at = %(run_at)s,
    updated_at = now()
FROM vesting_release_outcomes AS decided
WHERE
    decided.trace_id = %(trace_id)s
    AND decided.lot_id = any(%(released)s)
    AND lot.id = decided.lot_id
    AND lot.status = 'VESTED'
    AND lot.remaining_amount = decided.amount;
