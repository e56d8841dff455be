-- Shows closed transactions with fewer than two entries, or whose entries do not sum to zero; coins
-- are credits less debits.
CREATE OR REPLACE VIEW unbalanced_transactions AS
SELECT
    movement.id AS transaction_id,
    movement.type,
    coalesce(legs.entries, 0) AS entries,
    coalesce(legs.coins, 0) AS coins
FROM coin_ledger_transactions AS movement
LEFT JOIN (
    SELECT
        ledger_transaction_id,
        count(*) AS entries,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
    FROM coin_journal_entries
    GROUP BY ledger_transaction_id
) AS legs ON legs.ledger_transaction_id = movement.id
WHERE movement.status = 'closed' AND (legs.entries IS NULL OR legs.entries < 2 OR legs.coins <> 0);
