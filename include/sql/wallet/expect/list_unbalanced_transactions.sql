-- Lists closed transactions with fewer than two entries, or whose entries do not sum to zero.
SELECT
    transaction_id,
    entries,
    coins
FROM unbalanced_transactions
ORDER BY transaction_id
