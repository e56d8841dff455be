-- Takes back the accounts that the run created; one that other sessions have used stays, as theirs.
-- All are forgotten: a later run may create them again, and they will not be this one's.
WITH created AS (
    SELECT name AS account_id FROM trueup.created_objects
    WHERE run_id = %(run_id)s AND kind = 'account'
), used AS (
    SELECT account_id FROM created
    WHERE EXISTS (
        SELECT 1 FROM ledger_entries AS entry
        WHERE entry.id > %(high_water_entry_id)s AND created.account_id = entry.debit_account_id
    ) OR EXISTS (
        SELECT 1 FROM ledger_entries AS entry
        WHERE entry.id > %(high_water_entry_id)s AND created.account_id = entry.credit_account_id
    )
), deleted AS (
    DELETE FROM bank_accounts AS account USING created
    WHERE
        account.id = created.account_id
        AND account.id NOT IN (SELECT account_id FROM used)
    RETURNING account.id
), forgotten AS (
    DELETE FROM trueup.created_objects
    WHERE run_id = %(run_id)s AND kind = 'account'
)
SELECT
    (SELECT count(*) FROM deleted) AS deleted,
    (SELECT array_agg(account_id ORDER BY account_id) FROM used) AS kept
