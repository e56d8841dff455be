-- Finds wallets below zero, but for the contra account.
SELECT
    'critical' AS severity,
    'wallet ' || wallet_id AS subject,
    'COINS' AS currency_code,
    NULL AS expected,
    balance AS actual,
    'A wallet below zero.' AS cause
FROM user_wallet
WHERE balance < 0 AND user_id <> 'system'
