-- What became of each lot that this job decided, in the order in which lots are released.
SELECT
    decided.lot_id,
    lot.user_id,
    lot.release_day,
    decided.amount,
    decided.outcome,
    decided.reason,
    decided.detail
FROM vesting_release_outcomes AS decided
INNER JOIN vault_vesting_lots AS lot ON lot.id = decided.lot_id
WHERE decided.trace_id = %(trace_id)s
ORDER BY lot.release_day, lot.created_at, lot.id;
