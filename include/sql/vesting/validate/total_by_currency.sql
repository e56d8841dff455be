-- Gives the lots to create per currency, and how all lots would then stand against active locks.
WITH created AS (
    SELECT entry.currency, count(*) AS entries, sum(entry.amount) AS amount
    FROM trueup.prepared_entries AS entry
    WHERE
        entry.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT 1 FROM vault_vesting_lots AS lot
            WHERE lot.source_operation_id = entry.source_operation_id
        )
    GROUP BY entry.currency
), standing AS (
    SELECT currency, sum(remaining_amount) AS remaining
    FROM vault_vesting_lots WHERE status = 'VESTED' GROUP BY currency
), locked AS (
    SELECT currency, sum(amount) AS amount
    FROM wallet_locks
    WHERE
        reason = 'VAULT_AVENIR_VESTING' AND reference_type = 'VAULT' AND status = 'ACTIVE'
    GROUP BY currency
)
SELECT
    currency AS currency_code,
    coalesce(created.entries, 0) AS entries,
    coalesce(created.amount, 0)::TEXT AS amount,
    round(coalesce(locked.amount, 0), 2)::TEXT AS active_locks,
    (coalesce(standing.remaining, 0) + coalesce(created.amount, 0))::TEXT AS remaining_in_lots,
    (
        coalesce(standing.remaining, 0) + coalesce(created.amount, 0)
        - round(coalesce(locked.amount, 0), 2)
    )::TEXT AS difference
FROM created
FULL JOIN standing USING (currency)
FULL JOIN locked USING (currency)
ORDER BY currency
