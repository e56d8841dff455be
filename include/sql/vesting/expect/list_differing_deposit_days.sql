-- Lists each deposit day whose staged deposits, less those in quarantine, are not its lots: their
-- number and their sum.
WITH deposits AS (
    SELECT staged.user_id, (staged.deposited_at AT TIME ZONE 'UTC')::DATE AS deposit_day,
        staged.amount, staged.operation_id
    FROM trueup.staged_entries AS staged
    WHERE
        staged.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT 1 FROM trueup.quarantine AS quarantined
            WHERE quarantined.run_id = %(run_id)s AND quarantined.position = staged.position
        )
), deposited AS (
    SELECT deposit_day, count(*) AS deposits, sum(amount) AS deposited
    FROM deposits
    GROUP BY deposit_day
), held AS (
    SELECT
        lot.deposit_day,
        count(*) AS lots,
        sum(lot.released_amount + lot.remaining_amount) AS held
    FROM deposits
    INNER JOIN vault_vesting_lots AS lot ON lot.source_operation_id = deposits.operation_id
    GROUP BY lot.deposit_day
)
SELECT deposit_day, deposits, lots, deposited, held
FROM deposited
FULL JOIN held USING (deposit_day)
WHERE (deposits, deposited) IS DISTINCT FROM (lots, held)
ORDER BY deposit_day
