-- Lists wallets, the system's among them, that do not hold what their journal says.
SELECT
    user_id,
    balance,
    journal_balance
FROM user_coins
WHERE wallet_id IS NOT NULL AND balance <> journal_balance
ORDER BY user_id
