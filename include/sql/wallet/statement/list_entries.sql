-- The entries of a wallet in a period, in the order of its chain.
SELECT
    entry.id AS entry_id,
    entry.created_at,
    transaction.type AS transaction_type,
    entry.ledger_transaction_id AS transaction_id,
    entry.memo,
    entry.direction,
    entry.amount,
    entry.balance_before,
    entry.balance_after
FROM coin_journal_entries AS entry
INNER JOIN coin_ledger_transactions AS transaction ON transaction.id = entry.ledger_transaction_id
WHERE
    entry.wallet_id = %(wallet_id)s
    AND entry.entry_no >= %(first_no)s
    AND (%(end_no)s::BIGINT IS NULL OR entry.entry_no < %(end_no)s)
ORDER BY entry.entry_no
