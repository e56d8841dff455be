-- Gives the plain rows of a block as entries; an id is the run's base plus the line.
SELECT
    $entry_id_base + position AS id, ledger_id, debit_account_id, credit_account_id, amount,
    currency_code, asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata,
    $run_id AS run, position
FROM judged
WHERE plain
