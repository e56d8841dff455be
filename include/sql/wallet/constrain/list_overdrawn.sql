-- Lists wallets below zero that may not be: all but the contra account.
SELECT
    wallet_id AS account_id,
    'COINS' AS currency_code,
    balance AS available_balance
FROM user_wallet
WHERE balance < 0 AND user_id <> 'system' AND %(run_id)s::TEXT IS NOT NULL
ORDER BY balance, wallet_id
