-- Counts and sums of users, wallets and journal; the system account apart.
SELECT
    now() AS looked_at,
    count(*) AS users,
    count(wallet_id) AS wallets,
    count(*) - count(wallet_id) AS missing_wallets,
    count(*) FILTER (WHERE is_contra) AS system_users,
    (SELECT count(*) FROM coin_transactions) AS coin_transactions,
    (SELECT count(*) FROM coin_ledger_transactions) AS ledger_transactions,
    (SELECT count(*) FROM coin_ledger_transactions WHERE status = 'pending') AS pending,
    coalesce(sum(entries), 0)::BIGINT AS journal_entries,
    coalesce(sum(total_coins) FILTER (WHERE NOT is_contra), 0)::BIGINT AS total_coins,
    coalesce(sum(balance) FILTER (WHERE NOT is_contra), 0)::BIGINT AS user_balance,
    sum(balance) FILTER (WHERE is_contra)::BIGINT AS system_balance,
    coalesce(sum(balance), 0)::BIGINT AS all_balance,
    count(*) FILTER (
        WHERE NOT is_contra AND total_coins <> coalesce(balance, 0)
    ) AS drifting_users,
    coalesce(max(abs(total_coins - coalesce(balance, 0)::BIGINT)) FILTER (
        WHERE NOT is_contra
    ), 0) AS max_drift,
    coalesce(sum(abs(total_coins - coalesce(balance, 0)::BIGINT)) FILTER (
        WHERE NOT is_contra
    ), 0)::BIGINT AS absolute_drift,
    count(*) FILTER (WHERE coalesce(balance, 0) <> journal_balance) AS balances_off_journal,
    coalesce(sum(abs(coalesce(balance, 0) - journal_balance)), 0)::BIGINT AS coins_off_journal
FROM user_coins
