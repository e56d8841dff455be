-- Shows users whose active locks of the vault are not what is left in their vested lots, and the
-- likely cause. Each side is added up before the join: joining first would multiply every sum.
CREATE OR REPLACE VIEW vesting_lock_differences AS
WITH lots AS (
    SELECT user_id, currency, sum(remaining_amount) AS remaining
    FROM vault_vesting_lots
    WHERE status = 'VESTED'
    GROUP BY user_id, currency
), locks AS (
    SELECT user_id, currency, sum(amount) AS locked
    FROM wallet_locks
    WHERE
        reason = 'VAULT_AVENIR_VESTING' AND reference_type = 'VAULT' AND status = 'ACTIVE'
    GROUP BY user_id, currency
), compared AS (
    SELECT
        user_id,
        currency,
        coalesce(locks.locked, 0) AS locked,
        coalesce(lots.remaining, 0) AS remaining,
        coalesce(lots.remaining, 0) - coalesce(locks.locked, 0) AS difference
    FROM lots
    FULL JOIN locks USING (user_id, currency)
)
SELECT
    compared.*,
    CASE
        WHEN EXISTS (
            SELECT 1
            FROM wallet_locks AS wallet_lock
            INNER JOIN operations AS operation ON operation.id = wallet_lock.operation_id
            WHERE
                wallet_lock.user_id = compared.user_id
                AND wallet_lock.currency = compared.currency
                AND wallet_lock.reason = 'VAULT_AVENIR_VESTING'
                AND wallet_lock.status = 'ACTIVE'
                AND wallet_lock.amount = -compared.difference
                AND operation.status <> 'COMPLETED'
        ) THEN 'lock of a deposit that was never completed'
        WHEN EXISTS (
            SELECT 1
            FROM wallet_locks AS wallet_lock
            INNER JOIN vault_vesting_lots AS lot
                ON lot.source_operation_id = wallet_lock.operation_id
            WHERE
                wallet_lock.user_id = compared.user_id
                AND wallet_lock.currency = compared.currency
                AND wallet_lock.status = 'ACTIVE'
                AND lot.status <> 'VESTED'
                AND wallet_lock.amount = -compared.difference
        ) THEN 'open lock: its lot is no longer vested'
        WHEN EXISTS (
            SELECT 1
            FROM wallet_locks AS wallet_lock
            INNER JOIN vault_vesting_lots AS lot
                ON lot.source_operation_id = wallet_lock.operation_id
            WHERE
                wallet_lock.user_id = compared.user_id
                AND wallet_lock.currency = compared.currency
                AND wallet_lock.status = 'RELEASED'
                AND lot.status = 'VESTED'
                AND lot.remaining_amount = compared.difference
        ) THEN 'closed lock: its lot is still vested'
        WHEN compared.remaining = 0 THEN 'missing lots: the user has locks and no vested lot'
        WHEN compared.locked = 0 THEN 'missing locks: the user has vested lots and no lock'
        WHEN EXISTS (
            SELECT 1
            FROM vault_vesting_lots AS lot
            WHERE
                lot.user_id = compared.user_id
                AND lot.currency = compared.currency
                AND lot.status = 'VESTED'
                AND lot.remaining_amount = compared.difference
        ) THEN 'missing lock: a lot has this amount'
        ELSE 'unknown'
    END AS cause
FROM compared
WHERE compared.difference <> 0;
