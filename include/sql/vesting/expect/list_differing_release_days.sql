-- Lists each release day on which other vested lots of this run mature than were deposited 365 days
-- before: their number and what remains in them.
WITH deposited AS (
    SELECT
        (operation.created_at AT TIME ZONE 'UTC')::DATE + 365 AS release_day,
        count(*) AS deposits,
        sum(lot.amount) AS deposited
    FROM vault_vesting_lots AS lot
    INNER JOIN operations AS operation ON operation.id = lot.source_operation_id
    WHERE lot.run_id = %(run_id)s
    GROUP BY (operation.created_at AT TIME ZONE 'UTC')::DATE
), maturing AS (
    SELECT release_day, count(*) AS lots, sum(remaining_amount) AS remaining
    FROM vault_vesting_lots
    WHERE run_id = %(run_id)s AND status = 'VESTED'
    GROUP BY release_day
)
SELECT release_day, deposits, lots, deposited, remaining
FROM deposited
FULL JOIN maturing USING (release_day)
WHERE (deposits, deposited) IS DISTINCT FROM (lots, remaining)
ORDER BY release_day
