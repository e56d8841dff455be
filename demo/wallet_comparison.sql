-- The report's table of before and after beside ours. What the figures were before comes from the
-- audit of the last run that was for real.
WITH last_run AS (
    SELECT figures -> 'audit' AS audit
    FROM trueup.runs
    WHERE NOT dry_run
    ORDER BY started_at DESC
    LIMIT 1
), ours AS (
    SELECT
        count(*) AS users,
        count(wallet.wallet_id) AS wallets,
        sum(person.total_coins) AS total_coins,
        coalesce(sum(wallet.balance), 0) AS balance,
        max(wallet.balance) FILTER (WHERE person.id = 'system') AS system_balance,
        count(*) FILTER (
            WHERE person.id <> 'system' AND person.total_coins <> coalesce(wallet.balance, 0)
        ) AS drifting,
        sum(person.total_coins - coalesce(wallet.balance, 0))
            FILTER (WHERE person.id <> 'system') AS net,
        sum(abs(person.total_coins - coalesce(wallet.balance, 0)))
            FILTER (WHERE person.id <> 'system') AS drift
    FROM users AS person
    LEFT JOIN user_wallet AS wallet ON wallet.user_id = person.id
)
SELECT
    compared.figure,
    compared.before,
    compared.published,
    compared.ours
FROM last_run
CROSS JOIN ours
CROSS JOIN LATERAL (
    VALUES
    (1, 'users', last_run.audit ->> 'users', '197', ours.users::TEXT),
    (2, 'wallets', last_run.audit ->> 'accounts', '197', ours.wallets::TEXT),
    (
        3, 'sum of users.total_coins', last_run.audit ->> 'total_coins', '525357',
        ours.total_coins::TEXT
    ),
    (
        4, 'sum of user_wallet.balance', last_run.audit ->> 'wallet_coins', '94',
        ours.balance::TEXT
    ),
    (5, 'system wallet', 'none', '-525262', ours.system_balance::TEXT),
    (
        6, 'users with drift', last_run.audit ->> 'drifting_users', '3', ours.drifting::TEXT
    ),
    (7, 'drift in coins, net', last_run.audit ->> 'drift', '1', ours.net::TEXT),
    (8, 'drift in coins, absolute', last_run.audit ->> 'absolute_drift', '21', ours.drift::TEXT)
) AS compared (number, figure, before, published, ours)
ORDER BY compared.number
