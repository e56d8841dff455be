-- Gives the sum of all wallets' journals unless it is zero: for every coin there is a contra coin.
SELECT sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
FROM coin_journal_entries AS entry
INNER JOIN coin_ledger_transactions AS movement
    ON movement.id = entry.ledger_transaction_id AND movement.status = 'closed'
HAVING sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) <> 0
