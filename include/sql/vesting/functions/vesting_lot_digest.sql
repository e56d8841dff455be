-- Fingerprints all that a lot says, but for who made it: two words of a SHA-256 in hexadecimal.
-- Lengths come before free texts, so that no two lots run together.
CREATE OR REPLACE FUNCTION vesting_lot_digest(p_lot VAULT_VESTING_LOTS)
RETURNS TEXT LANGUAGE sql STABLE AS $$
SELECT left(encode(sha256(convert_to(concat_ws(
    '|', p_lot.id, p_lot.vault_id, length(p_lot.vault_code), p_lot.vault_code, p_lot.user_id,
    p_lot.currency, p_lot.deposit_day, p_lot.release_day, p_lot.amount, p_lot.released_amount,
    p_lot.status, p_lot.source_operation_id,
    coalesce(p_lot.last_release_operation_id::TEXT, '-'),
    coalesce(p_lot.release_job_trace_id::TEXT, '-'),
    coalesce(extract(EPOCH FROM p_lot.last_released_at)::TEXT, '-'),
    coalesce(extract(EPOCH FROM p_lot.release_job_run_at)::TEXT, '-'),
    coalesce(p_lot.metadata::TEXT, '-'),
    extract(EPOCH FROM p_lot.created_at), extract(EPOCH FROM p_lot.updated_at)
), 'UTF8')), 'hex'), 32)
$$;
