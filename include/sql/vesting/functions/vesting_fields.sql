-- Gives the fields of a deposit as the quarantine shows them, as texts.
CREATE OR REPLACE FUNCTION vesting_fields(
    p_operation_id UUID, p_user_id UUID, p_amount NUMERIC, p_currency TEXT,
    p_deposited_at TIMESTAMPTZ
) RETURNS JSONB LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object(
    'operationId', p_operation_id,
    'userId', p_user_id,
    'amount', trim_scale(p_amount)::TEXT,
    'currency', p_currency,
    'depositedAt', to_char(p_deposited_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
)
$$;
