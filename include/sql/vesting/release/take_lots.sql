-- The next mature lots that this job has not decided, locked with their users. A lot or a user that
-- somebody else holds is passed over, so that no release waits for another one.
SELECT lot.id
FROM vault_vesting_lots AS lot
INNER JOIN users AS owner ON owner.id = lot.user_id
WHERE
    lot.vault_code = %(vault_code)s
    AND lot.release_day <= %(as_of_date)s
    AND lot.status = 'VESTED'
    AND lot.released_amount < lot.amount
    AND lot.currency = %(currency)s
    AND NOT EXISTS (
        SELECT FROM vesting_release_outcomes AS decided
        WHERE decided.trace_id = %(trace_id)s AND decided.lot_id = lot.id
    )
ORDER BY lot.release_day ASC, lot.created_at ASC, lot.id ASC
LIMIT %(most)s
FOR UPDATE OF lot SKIP LOCKED
FOR NO KEY UPDATE OF owner SKIP LOCKED; -- noqa: PRS
