-- Holds what is left in vested lots against the active locks, per user and currency, and names
-- likely causes. Difference: lots less locks. Users of whom a completed deposit has no lot and was
-- not this run's to judge (limit) are not compared: the night does that when all is loaded.
WITH asked AS (
    SELECT plan ->> 'currency' AS currency, (plan ->> 'user_id')::UUID AS user_id
    FROM trueup.runs WHERE run_id = %(run_id)s
), judged AS (
    SELECT
        quarantined.position,
        staged.operation_id,
        staged.user_id,
        staged.amount,
        staged.currency_code,
        staged.entry_currency
    FROM trueup.staged_entries AS staged
    INNER JOIN trueup.quarantine AS quarantined
        ON quarantined.run_id = staged.run_id AND quarantined.position = staged.position
    WHERE staged.run_id = %(run_id)s
), unasked AS (
    SELECT DISTINCT deposit.user_id, deposit.entry_currency AS currency
    FROM vault_deposits AS deposit
    WHERE
        deposit.status = 'COMPLETED'
        AND deposit.user_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM vault_vesting_lots AS lot
            WHERE lot.source_operation_id = deposit.operation_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM trueup.staged_entries AS staged
            WHERE staged.run_id = %(run_id)s AND staged.operation_id = deposit.operation_id
        )
), broken AS (
    SELECT differences.*
    FROM vesting_lock_differences AS differences
    CROSS JOIN asked
    WHERE
        (asked.currency IS NULL OR asked.currency = differences.currency)
        AND (asked.user_id IS NULL OR asked.user_id = differences.user_id)
        AND (differences.user_id, differences.currency) NOT IN (
            SELECT user_id, currency FROM unasked
        )
        AND abs(differences.difference) > %(tolerance)s::NUMERIC
)
INSERT INTO trueup.breaks (
    run_id, account_id, currency_code, compared_with, expected, actual, cause
)
SELECT
    %(run_id)s,
    broken.user_id::TEXT,
    broken.currency,
    'locks',
    broken.locked,
    broken.remaining,
    coalesce(
        (
            SELECT format('missing lot: quarantined deposit %%s has this amount', operation_id)
            FROM judged
            WHERE
                judged.user_id = broken.user_id
                AND broken.currency IN (judged.currency_code, judged.entry_currency)
                AND judged.amount = -broken.difference
            ORDER BY judged.position
            LIMIT 1
        ),
        broken.cause
    )
FROM broken
