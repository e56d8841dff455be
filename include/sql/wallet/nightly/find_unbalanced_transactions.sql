-- Finds closed transactions with fewer than two entries, or whose entries do not sum to zero.
SELECT
    'critical' AS severity,
    'transaction ' || transaction_id AS subject,
    'COINS' AS currency_code,
    0 AS expected,
    coins AS actual,
    format('It is closed with %%s entries.', entries) AS cause
FROM unbalanced_transactions
