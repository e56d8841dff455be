-- Fingerprints what an entry says apart from its key: same key and same content is a replay.
-- The timestamp is the source's own, NULL when it gave none: a filled-in now() must not make
-- tomorrow's delivery of the same row a conflict. ROW()::TEXT quotes: no two contents run together.
CREATE OR REPLACE FUNCTION ledger_entry_content(
    p_debit_account_id TEXT,
    p_credit_account_id TEXT,
    p_amount NUMERIC,
    p_currency_code TEXT,
    p_asset_type TEXT,
    p_transaction_type TEXT,
    p_timestamp_utc TIMESTAMPTZ,
    p_fx_rate NUMERIC,
    p_metadata JSONB
) RETURNS UUID LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(substring(sha256(convert_to(ROW(
        p_debit_account_id, p_credit_account_id, trim_scale(p_amount), p_currency_code,
        p_asset_type, p_transaction_type, extract(EPOCH FROM p_timestamp_utc),
        trim_scale(p_fx_rate), p_metadata
    )::TEXT, 'UTF8')) FROM 1 FOR 16), 'hex')::UUID
$$;
