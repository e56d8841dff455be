-- Finds wallets whose journal entries do not begin with what the one before them left.
SELECT
    'critical' AS severity,
    'wallet ' || wallet_id AS subject,
    'COINS' AS currency_code,
    (array_agg(left_by_last ORDER BY entry_no))[1] AS expected,
    (array_agg(balance_before ORDER BY entry_no))[1] AS actual,
    format('%%s entries break the chain of balances.', count(*)) AS cause
FROM (
    SELECT
        wallet_id,
        entry_no,
        balance_before,
        lag(balance_after, 1, 0) OVER (PARTITION BY wallet_id ORDER BY entry_no) AS left_by_last
    FROM coin_journal_entries
) AS links
WHERE balance_before <> left_by_last
GROUP BY wallet_id
