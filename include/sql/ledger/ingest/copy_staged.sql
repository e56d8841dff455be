-- Receives the source's records as they are read.
COPY trueup.staged_entries (
    run_id, position, reason_code, reason, raw, ledger_id, debit_account_id, credit_account_id,
    amount, currency_code, asset_type, transaction_type, reference_id, timestamp_utc, fx_rate,
    metadata
) FROM STDIN
