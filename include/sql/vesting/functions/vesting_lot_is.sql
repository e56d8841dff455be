-- Tells whether a lot is the one that a deposit earns; what became of it since does not matter.
CREATE OR REPLACE FUNCTION vesting_lot_is(
    p_lot VAULT_VESTING_LOTS, p_offered TRUEUP.PREPARED_ENTRIES
) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE AS $$
SELECT (
    p_lot.vault_id, p_lot.vault_code, p_lot.user_id, p_lot.currency, p_lot.deposit_day,
    p_lot.release_day, p_lot.amount
) IS NOT DISTINCT FROM (
    p_offered.vault_id, p_offered.vault_code::VARCHAR, p_offered.user_id,
    p_offered.currency::VARCHAR, p_offered.deposit_day, p_offered.release_day, p_offered.amount
)
$$;
