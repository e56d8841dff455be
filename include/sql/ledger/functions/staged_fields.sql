-- Gives a staged row in the source format, as JSON, with the reference that it was given.
CREATE OR REPLACE FUNCTION trueup.staged_fields(
    p_staged TRUEUP.STAGED_ENTRIES, p_reference_id TEXT DEFAULT NULL
) RETURNS JSONB LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object(
        'ledgerId', p_staged.ledger_id,
        'debitAccountId', p_staged.debit_account_id,
        'creditAccountId', p_staged.credit_account_id,
        'amount', p_staged.amount,
        'currencyCode', p_staged.currency_code,
        'assetType', p_staged.asset_type,
        'transactionType', p_staged.transaction_type,
        'referenceId', coalesce(p_reference_id, p_staged.reference_id),
        'timestampUtc', p_staged.timestamp_utc,
        'fxRate', p_staged.fx_rate,
        'metadata', p_staged.metadata
    )
$$;
