-- Exempts the run's accounts once more: they may dip below zero on the way back as on the way in.
WITH touched AS (
    SELECT debit_account_id AS account_id
    FROM ledger_entries WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
    UNION
    SELECT credit_account_id
    FROM ledger_entries WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
), locked AS (
    SELECT id FROM bank_accounts
    WHERE id IN (SELECT account_id FROM touched)
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE bank_accounts SET backfill_run_id = %(run_id)s
FROM locked
WHERE bank_accounts.id = locked.id
