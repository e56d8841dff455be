-- Measures the lots for the trend from night to night.
SELECT
    (SELECT count(*) FROM vault_vesting_lots) AS lots,
    (SELECT count(*) FROM vault_vesting_lots WHERE status = 'VESTED') AS vested_lots,
    (
        SELECT count(*) FROM vault_vesting_lots
        WHERE status = 'VESTED' AND release_day <= (now() AT TIME ZONE 'UTC')::DATE
    ) AS mature_lots,
    (
        SELECT coalesce(jsonb_object_agg(currency, remaining::TEXT ORDER BY currency), '{}')
        FROM (
            SELECT currency, sum(remaining_amount) AS remaining
            FROM vault_vesting_lots WHERE status = 'VESTED' GROUP BY currency
        ) AS totals
    ) AS remaining_in_lots,
    (
        SELECT coalesce(jsonb_object_agg(currency, locked::TEXT ORDER BY currency), '{}')
        FROM (
            SELECT currency, sum(amount) AS locked
            FROM wallet_locks
            WHERE
                reason = 'VAULT_AVENIR_VESTING'
                AND reference_type = 'VAULT'
                AND status = 'ACTIVE'
            GROUP BY currency
        ) AS totals
    ) AS active_locks
