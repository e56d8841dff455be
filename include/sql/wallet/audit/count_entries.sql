-- Measures the books as the report does: users, wallets, coins, and the drift of real users. The
-- contra account is no drift.
SELECT
    count(wallet.wallet_id) AS accounts,
    (SELECT count(*) FROM coin_journal_entries) AS entries,
    count(*) AS users,
    count(*) FILTER (WHERE wallet.wallet_id IS NULL) AS without_wallet,
    coalesce(sum(person.total_coins), 0) AS total_coins,
    coalesce(sum(wallet.balance), 0) AS wallet_coins,
    max(wallet.balance) FILTER (WHERE person.id = 'system') AS system_balance,
    count(*) FILTER (
        WHERE person.id <> 'system' AND person.total_coins <> coalesce(wallet.balance, 0)
    ) AS drifting_users,
    coalesce(sum(person.total_coins - coalesce(wallet.balance, 0))
        FILTER (WHERE person.id <> 'system'), 0) AS drift,
    coalesce(sum(abs(person.total_coins - coalesce(wallet.balance, 0)))
        FILTER (WHERE person.id <> 'system'), 0) AS absolute_drift,
    (SELECT count(*) FROM coin_transactions) AS coin_transactions
FROM users AS person
LEFT JOIN user_wallet AS wallet ON wallet.user_id = person.id
