-- Measures the wallets for the trend from night to night; the contra account apart.
SELECT
    count(*) FILTER (WHERE NOT is_contra) AS users,
    count(wallet_id) FILTER (WHERE NOT is_contra) AS wallets,
    coalesce(sum(total_coins) FILTER (WHERE NOT is_contra), 0)::BIGINT AS total_coins,
    coalesce(sum(balance) FILTER (WHERE NOT is_contra), 0)::BIGINT AS wallet_coins,
    coalesce(sum(balance) FILTER (WHERE is_contra), 0)::BIGINT AS system_balance,
    count(*) FILTER (
        WHERE NOT is_contra AND total_coins <> coalesce(balance, 0)
    ) AS drifting_users,
    coalesce(sum(abs(total_coins - coalesce(balance, 0))) FILTER (WHERE NOT is_contra), 0)::BIGINT
        AS drift,
    (SELECT count(*) FROM coin_journal_entries) AS entries
FROM user_coins
