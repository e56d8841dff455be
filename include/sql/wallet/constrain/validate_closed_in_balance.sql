-- Checks every closed transaction that stands.
SELECT refuse_broken_rule(
    'coin_ledger_transactions', 'coin_ledger_transactions_closed_in_balance', count(*)
) AS held
FROM coin_ledger_transactions AS movement
LEFT JOIN (
    SELECT
        ledger_transaction_id,
        count(*) AS entries,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
    FROM coin_journal_entries
    GROUP BY ledger_transaction_id
) AS legs ON legs.ledger_transaction_id = movement.id
WHERE movement.status = 'closed' AND (legs.entries IS NULL OR legs.entries < 2 OR legs.coins <> 0)
