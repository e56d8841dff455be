-- Every user's coins as the three places tell them: users.total_coins, the wallet, its journal.
-- The system account is the contra side of all others: its coins are nobody's.
CREATE OR REPLACE VIEW user_coins AS
SELECT
    users.id AS user_id,
    users.username,
    users.id = 'system' AS is_contra,
    wallet.wallet_id,
    users.total_coins,
    wallet.balance,
    wallet.available_balance,
    coalesce(journal.entries, 0) AS entries,
    coalesce(journal.balance, 0) AS journal_balance
FROM users
LEFT JOIN user_wallet AS wallet ON wallet.user_id = users.id
LEFT JOIN (
    SELECT
        entry.wallet_id,
        count(*) AS entries,
        sum(CASE WHEN entry.direction = 'credit' THEN 1 ELSE -1 END * entry.amount::BIGINT)::BIGINT
            AS balance
    FROM coin_journal_entries AS entry
    GROUP BY entry.wallet_id
) AS journal ON journal.wallet_id = wallet.wallet_id
