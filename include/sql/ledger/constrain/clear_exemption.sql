-- Takes back the run's permission to dip below zero, in lock order.
WITH locked AS (
    SELECT id FROM bank_accounts
    WHERE backfill_run_id = %(run_id)s
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE bank_accounts SET backfill_run_id = NULL
FROM locked
WHERE bank_accounts.id = locked.id
