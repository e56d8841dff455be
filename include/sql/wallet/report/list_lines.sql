-- Gives the run's summary line by line: the report's table of before and after, and what was made.
WITH asked AS (
    SELECT dry_run, figures -> 'audit' AS audit, figures
    FROM trueup.runs WHERE run_id = %(run_id)s
), now_standing AS (
    SELECT
        count(*) AS users,
        count(wallet_id) AS wallets,
        sum(total_coins) AS total_coins,
        coalesce(sum(balance), 0) AS wallet_coins,
        max(balance) FILTER (WHERE is_contra) AS system_balance,
        count(*) FILTER (
            WHERE NOT is_contra AND total_coins <> coalesce(balance, 0)
        ) AS drifting_users,
        coalesce(sum(abs(total_coins - coalesce(balance, 0))) FILTER (WHERE NOT is_contra), 0)
            AS drift
    FROM user_coins
), made AS (
    SELECT
        type,
        count(*) AS transactions
    FROM coin_ledger_transactions
    WHERE run_id = %(run_id)s
    GROUP BY type
), compared (number, what, before, after) AS (
    SELECT
        rows.number,
        rows.what,
        rows.before,
        rows.after
    FROM asked
    CROSS JOIN now_standing
    CROSS JOIN LATERAL (
        VALUES
        (1, 'Users', asked.audit ->> 'users', now_standing.users::TEXT),
        (2, 'Wallets', asked.audit ->> 'accounts', now_standing.wallets::TEXT),
        (
            3, 'Total coins (users.total_coins)', asked.audit ->> 'total_coins',
            now_standing.total_coins::TEXT
        ),
        (
            4, 'Total coins (user_wallet.balance)', asked.audit ->> 'wallet_coins',
            now_standing.wallet_coins::TEXT
        ),
        (
            5, 'System wallet', coalesce(asked.audit ->> 'system_balance', '-'),
            coalesce(now_standing.system_balance::TEXT, '-')
        ),
        (
            6, 'Users with drift', asked.audit ->> 'drifting_users',
            now_standing.drifting_users::TEXT
        ),
        (
            7, 'Drift in coins, users', asked.audit ->> 'absolute_drift',
            now_standing.drift::TEXT
        )
    ) AS rows (number, what, before, after)
)
SELECT line
FROM (
    SELECT 1 AS part, 1 AS number, 'Wallet Backfill' AS line
    UNION ALL
    SELECT 1, 2, 'DRY RUN - nothing was changed' FROM asked WHERE dry_run
    UNION ALL
    SELECT 2, 0, rpad('', 36) || lpad('before', 12) || lpad('after', 12)
    UNION ALL
    SELECT 2, number, rpad(what, 36) || lpad(before, 12) || lpad(after, 12) FROM compared
    UNION ALL
    SELECT 3, 1, format(
        'Wallets made: %%s',
        (SELECT count(*) FROM user_wallet WHERE run_id = %(run_id)s)
    )
    UNION ALL
    SELECT 3, 2, format('Transactions of type %%s: %%s', type, transactions) FROM made
    UNION ALL
    SELECT 4, 1, format(
        'Drift: %%s, %%s coins, wallet %%s (%%s)', account_id, trim_scale(expected),
        trim_scale(actual), cause
    )
    FROM trueup.breaks WHERE run_id = %(run_id)s
) AS lines
ORDER BY part, number, line
