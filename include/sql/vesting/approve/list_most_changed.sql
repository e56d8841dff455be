-- Lists the users whose vested lots posting would add most to, those of every currency in turn.
WITH created AS (
    SELECT entry.user_id, entry.currency, sum(entry.amount) AS amount
    FROM trueup.prepared_entries AS entry
    WHERE
        entry.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT 1 FROM vault_vesting_lots AS lot
            WHERE lot.source_operation_id = entry.source_operation_id
        )
    GROUP BY entry.user_id, entry.currency
), standing AS (
    SELECT user_id, currency, sum(remaining_amount) AS remaining
    FROM vault_vesting_lots WHERE status = 'VESTED'
    GROUP BY user_id, currency
), ranked AS (
    SELECT
        created.user_id,
        created.currency,
        created.amount,
        coalesce(standing.remaining, 0) AS before,
        row_number() OVER (
            PARTITION BY created.currency ORDER BY created.amount DESC, created.user_id ASC
        ) AS rank
    FROM created
    LEFT JOIN standing
        ON standing.user_id = created.user_id AND standing.currency = created.currency
)
SELECT
    user_id::TEXT AS account_id,
    currency AS currency_code,
    before::TEXT AS before,
    (before + amount)::TEXT AS after,
    count(*) OVER () AS changed
FROM ranked
ORDER BY rank, currency
LIMIT %(rows)s
