-- Stages every user with coins, wallet and journal as they stand at one moment. The system user is
-- the contra account and none of them.
WITH legs AS (
    SELECT
        wallet_id,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS balance,
        count(*) AS entries
    FROM coin_journal_entries
    GROUP BY wallet_id
), one_legged AS (
    SELECT single.wallet_id, count(*) AS transactions
    FROM (
        SELECT ledger_transaction_id, min(wallet_id) AS wallet_id
        FROM coin_journal_entries
        GROUP BY ledger_transaction_id
        HAVING count(*) = 1
    ) AS single
    INNER JOIN coin_ledger_transactions AS movement
        ON movement.id = single.ledger_transaction_id AND movement.status = 'closed'
    GROUP BY single.wallet_id
), asked AS (
    SELECT id, total_coins FROM users
    WHERE id <> 'system'
    ORDER BY id
    LIMIT %(rows)s
)
INSERT INTO trueup.staged_entries (
    run_id, position, raw, user_id, total_coins, wallet_id, balance, available_balance,
    journal_balance, journal_entries, one_legged
)
SELECT
    %(run_id)s,
    %(last_position)s + row_number() OVER (ORDER BY asked.id),
    concat_ws(
        ' ', asked.id, 'coins', asked.total_coins, 'wallet', wallet.wallet_id, wallet.balance,
        'journal', legs.balance, legs.entries
    ),
    asked.id,
    asked.total_coins,
    wallet.wallet_id,
    wallet.balance,
    wallet.available_balance,
    coalesce(legs.balance, 0),
    coalesce(legs.entries, 0),
    coalesce(one_legged.transactions, 0)
FROM asked
LEFT JOIN user_wallet AS wallet ON wallet.user_id = asked.id
LEFT JOIN legs ON legs.wallet_id = wallet.wallet_id
LEFT JOIN one_legged ON one_legged.wallet_id = wallet.wallet_id
