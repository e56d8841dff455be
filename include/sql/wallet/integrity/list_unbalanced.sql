-- Closed transactions with fewer than two entries, or whose entries do not sum to zero.
SELECT
    transaction_id,
    type,
    entries,
    coins AS net,
    count(*) OVER () AS in_all
FROM unbalanced_transactions
ORDER BY abs(coins) DESC, transaction_id ASC
LIMIT %(most)s
