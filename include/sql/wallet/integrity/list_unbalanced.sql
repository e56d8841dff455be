-- Closed transactions with fewer than two entries, or whose entries do not sum to zero.
SELECT
    transaction_id,
    type,
    entries,
    net,
    count(*) OVER () AS in_all
FROM (
    SELECT
        closed.id AS transaction_id,
        closed.type,
        count(entry.id) AS entries,
        coalesce(sum(
            CASE WHEN entry.direction = 'credit' THEN 1 ELSE -1 END * entry.amount::BIGINT
        ), 0)::BIGINT AS net
    FROM coin_ledger_transactions AS closed
    LEFT JOIN coin_journal_entries AS entry ON entry.ledger_transaction_id = closed.id
    WHERE closed.status = 'closed'
    GROUP BY closed.id
) AS summed
WHERE entries < 2 OR net <> 0
ORDER BY abs(net) DESC, transaction_id ASC
LIMIT %(most)s
