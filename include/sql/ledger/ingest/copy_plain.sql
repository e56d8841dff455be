-- Receives plain rows, typed as they come.
COPY trueup.prepared_entries (
    run_id, position, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
    asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
) FROM STDIN
