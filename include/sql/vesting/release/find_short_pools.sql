-- Of the accounts that these lots' deposits credited, those that could not pay every lot that is
-- mature today. Only then could releases of different users together overdraw an account.
SELECT pool.account_id
FROM (
    SELECT DISTINCT entry.account_id
    FROM vault_vesting_lots AS lot
    INNER JOIN ledger_entries AS entry ON entry.operation_id = lot.source_operation_id
    WHERE lot.id = any(%(lots)s) AND entry.amount > 0
) AS pool
WHERE (
    SELECT coalesce(sum(entry.amount), 0) FROM ledger_entries AS entry
    WHERE entry.account_id = pool.account_id
) < (
    SELECT coalesce(sum(lot.remaining_amount), 0) FROM vault_vesting_lots AS lot
    WHERE
        lot.vault_code = %(vault_code)s
        AND lot.currency = %(currency)s
        AND lot.status = 'VESTED'
        AND lot.release_day <= greatest(%(as_of_date)s, (now() AT TIME ZONE 'UTC')::DATE)
);
