-- Closes the locks of released lots; the check behind it notices one that somebody else closed.
UPDATE wallet_locks AS lock
SET status = 'RELEASED', released_at = now()
FROM vesting_release_outcomes AS decided
WHERE
    decided.trace_id = %(trace_id)s
    AND decided.lot_id = any(%(released)s)
    AND lock.id = decided.wallet_lock_id
    AND lock.status = 'ACTIVE';
