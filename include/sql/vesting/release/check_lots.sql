-- What was written for released lots, from the tables: all of these counts and sums must agree.
SELECT
    count(*) AS decided,
    count(*) FILTER (
        WHERE lot.status = 'RELEASED' AND lot.last_release_operation_id = decided.operation_id
    ) AS released,
    count(*) FILTER (
        WHERE written.entries = 2 AND written.total = 0 AND written.credited = decided.amount
    ) AS balanced,
    count(decided.wallet_lock_id) AS locks_found,
    count(lock.id) AS locks_closed
FROM vesting_release_outcomes AS decided
INNER JOIN vault_vesting_lots AS lot ON lot.id = decided.lot_id
LEFT JOIN wallet_locks AS lock
    ON
        lock.id = decided.wallet_lock_id
        AND lock.status = 'RELEASED'
        AND lock.released_at = now()
CROSS JOIN LATERAL (
    SELECT
        count(*) AS entries,
        sum(entry.amount) AS total,
        sum(entry.amount) FILTER (WHERE entry.account_id = decided.to_account_id) AS credited
    FROM ledger_entries AS entry
    WHERE entry.operation_id = decided.operation_id
) AS written
WHERE
    decided.trace_id = %(trace_id)s
    AND decided.lot_id = any(%(released)s);
