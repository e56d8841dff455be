-- Lists the users whose wallets posting would change most.
WITH changes AS (
    SELECT
        entry.user_id,
        coalesce(staged.balance, 0) AS before,
        staged.journal_balance + coalesce(entry.coins, 0) AS after
    FROM trueup.prepared_entries AS entry
    INNER JOIN trueup.staged_entries AS staged
        ON staged.run_id = entry.run_id AND staged.position = entry.position
    WHERE entry.run_id = %(run_id)s AND entry.is_wanting
)
SELECT
    user_id AS account_id,
    'COINS' AS currency_code,
    before::TEXT AS before,
    after::TEXT AS after,
    count(*) OVER () AS changed
FROM changes
WHERE after <> before
ORDER BY abs(after - before) DESC, user_id
LIMIT %(rows)s
