-- The entries of a transaction, in the order in which they were booked.
SELECT
    wallet.user_id,
    entry.direction,
    entry.amount,
    entry.balance_before,
    entry.balance_after
FROM coin_journal_entries AS entry
INNER JOIN user_wallet AS wallet ON wallet.wallet_id = entry.wallet_id
WHERE entry.ledger_transaction_id = %(transaction_id)s
ORDER BY entry.entry_no
