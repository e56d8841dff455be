-- Gives an entry in the source format, as JSON: what the other ledger is sent.
CREATE OR REPLACE FUNCTION trueup.entry_fields(p_entry LEDGER_ENTRIES)
RETURNS JSONB LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'ledgerId', p_entry.ledger_id,
        'debitAccountId', p_entry.debit_account_id,
        'creditAccountId', p_entry.credit_account_id,
        'amount', p_entry.amount::TEXT,
        'currencyCode', p_entry.currency_code,
        'assetType', p_entry.asset_type,
        'transactionType', p_entry.transaction_type,
        'referenceId', p_entry.reference_id,
        'timestampUtc', to_char(
            p_entry.timestamp_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
        ),
        'fxRate', p_entry.fx_rate::TEXT,
        'metadata', p_entry.metadata
    )
$$;
