-- Lets the run's accounts dip below zero on the way; `constrain` takes that back.
WITH locked AS (
    SELECT id FROM bank_accounts
    WHERE id IN (SELECT account_id FROM trueup.movements WHERE run_id = %(run_id)s)
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE bank_accounts SET backfill_run_id = %(run_id)s
FROM locked
WHERE bank_accounts.id = locked.id
