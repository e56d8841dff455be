-- Gives the plain rows of a block as they are staged.
SELECT
    $run_id AS run, position, ledger_id, debit_account_id, credit_account_id, amount,
    currency_code, asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
FROM judged
WHERE plain
