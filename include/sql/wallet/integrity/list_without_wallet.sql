-- Users who have no wallet; whoever has the most coins first.
SELECT user_id, username, total_coins
FROM user_coins
WHERE wallet_id IS NULL
ORDER BY total_coins DESC, user_id ASC
LIMIT %(most)s
