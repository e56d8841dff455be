-- Receives the plain rows of a block, straight into the bare ledger.
COPY ledger_entries (
    id, ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type,
    transaction_type, reference_id, timestamp_utc, fx_rate, metadata, run_id, run_line
) FROM STDIN
