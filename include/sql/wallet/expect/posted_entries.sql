-- Gives the journal entries that this run booked.
SELECT
    id,
    ledger_transaction_id,
    wallet_id,
    direction,
    amount
FROM coin_journal_entries
WHERE run_id = %(run_id)s
