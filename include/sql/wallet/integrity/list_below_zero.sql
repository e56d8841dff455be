-- Wallets below zero, of which only the system account's may be, and those that let more be spent
-- than they hold.
SELECT
    user_id,
    username,
    balance,
    available_balance,
    count(*) OVER () AS in_all
FROM user_coins
WHERE NOT is_contra AND (balance < 0 OR available_balance < 0 OR available_balance > balance)
ORDER BY balance, user_id
LIMIT %(most)s
