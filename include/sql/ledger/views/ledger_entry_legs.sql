-- Shows every entry as its two legs, the shape that the reconciliation queries ask for.
CREATE OR REPLACE VIEW ledger_entry_legs AS
SELECT
    id AS entry_id,
    ledger_id,
    reference_id,
    debit_account_id AS account_id,
    'debit' AS side,
    amount,
    currency_code,
    timestamp_utc,
    run_id,
    reverses
FROM ledger_entries
UNION ALL
SELECT
    id,
    ledger_id,
    reference_id,
    credit_account_id,
    'credit',
    amount,
    currency_code,
    timestamp_utc,
    run_id,
    reverses
FROM ledger_entries;
