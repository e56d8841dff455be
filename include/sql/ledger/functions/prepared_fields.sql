-- Gives a prepared row in the source format, as JSON: what is left of a plain row is its fields.
CREATE OR REPLACE FUNCTION trueup.prepared_fields(p_prepared TRUEUP.PREPARED_ENTRIES)
RETURNS JSONB LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'ledgerId', p_prepared.ledger_id,
        'debitAccountId', p_prepared.debit_account_id,
        'creditAccountId', p_prepared.credit_account_id,
        'amount', p_prepared.amount::TEXT,
        'currencyCode', p_prepared.currency_code,
        'assetType', p_prepared.asset_type,
        'transactionType', p_prepared.transaction_type,
        'referenceId', p_prepared.reference_id,
        'timestampUtc', to_char(p_prepared.timestamp_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'fxRate', p_prepared.fx_rate::TEXT,
        'metadata', p_prepared.metadata::TEXT
    )
$$;
