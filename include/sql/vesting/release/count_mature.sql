-- How many mature lots there are that this job has not decided.
SELECT count(*) AS lots, coalesce(sum(lot.remaining_amount), 0) AS amount
FROM vault_vesting_lots AS lot
WHERE
    lot.vault_code = %(vault_code)s
    AND lot.release_day <= %(as_of_date)s
    AND lot.status = 'VESTED'
    AND lot.released_amount < lot.amount
    AND lot.currency = %(currency)s
    AND NOT EXISTS (
        SELECT FROM vesting_release_outcomes AS decided
        WHERE decided.trace_id = %(trace_id)s AND decided.lot_id = lot.id
    );
