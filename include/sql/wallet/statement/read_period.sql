-- A user's wallet, and what its journal says before, in and at the end of a period.
-- A chain has one order, and it is not always the clock's: the period begins and ends where the
-- chain first passes a day. So periods tile, and what is booked late stands where it was booked.
WITH wallet AS (
    SELECT
        wallet_id,
        user_id,
        balance
    FROM user_wallet WHERE user_id = %(user_id)s
),

bounds AS (
    SELECT
        min(entry.entry_no) FILTER (
            WHERE entry.created_at >= (%(from_date)s::DATE)::TIMESTAMP AT TIME ZONE 'UTC'
        ) AS first_no,
        min(entry.entry_no) FILTER (
            WHERE entry.created_at >= (%(to_date)s::DATE + 1)::TIMESTAMP AT TIME ZONE 'UTC'
        ) AS end_no
    FROM wallet
    INNER JOIN coin_journal_entries AS entry ON entry.wallet_id = wallet.wallet_id
),

sums AS (
    SELECT
        coalesce(sum(step.effect) FILTER (
            WHERE bounds.first_no IS NULL OR step.entry_no < bounds.first_no
        ), 0)::BIGINT AS opening_balance,
        coalesce(sum(step.effect) FILTER (
            WHERE bounds.end_no IS NULL OR step.entry_no < bounds.end_no
        ), 0)::BIGINT AS closing_balance
    FROM bounds
    CROSS JOIN wallet
    INNER JOIN (
        SELECT
            wallet_id,
            entry_no,
            CASE WHEN direction = 'credit' THEN amount::BIGINT ELSE -amount::BIGINT END AS effect
        FROM coin_journal_entries
    ) AS step ON step.wallet_id = wallet.wallet_id
)

SELECT
    users.id AS user_id,
    users.username,
    wallet.wallet_id,
    wallet.balance,
    bounds.first_no,
    bounds.end_no,
    sums.opening_balance,
    sums.closing_balance
FROM users
LEFT JOIN wallet ON wallet.user_id = users.id
CROSS JOIN bounds
CROSS JOIN sums
WHERE users.id = %(user_id)s
