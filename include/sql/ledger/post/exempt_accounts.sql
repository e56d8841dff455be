-- Lets the run's accounts dip below zero on the way; `constrain` takes that back.
WITH touched AS (
    SELECT debit_account_id AS account_id FROM trueup.prepared_entries WHERE run_id = %(run_id)s
    UNION
    SELECT credit_account_id FROM trueup.prepared_entries WHERE run_id = %(run_id)s
), locked AS (
    SELECT id FROM bank_accounts
    WHERE id IN (SELECT account_id FROM touched)
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE bank_accounts SET backfill_run_id = %(run_id)s
FROM locked
WHERE bank_accounts.id = locked.id
