-- Takes back the accounts that the run created; one that others have used, or hold something on,
-- stays, as theirs. All are forgotten: a later run may create them again, and they will not be this
-- one's.
WITH created AS (
    SELECT account.id
    FROM trueup.created_objects AS object
    INNER JOIN bank_accounts AS account ON account.id = object.name
    WHERE object.run_id = %(run_id)s AND object.kind = 'account'
), deleted AS (
    DELETE FROM bank_accounts AS account USING created
    WHERE
        account.id = created.id
        AND account.balance = 0
        AND account.available_balance = 0
        AND account.reserved_balance = 0
        AND NOT EXISTS (
            SELECT 1 FROM ledger_entries AS entry
            WHERE entry.id > %(high_water_entry_id)s AND entry.debit_account_id = created.id
        )
        AND NOT EXISTS (
            SELECT 1 FROM ledger_entries AS entry
            WHERE entry.id > %(high_water_entry_id)s AND entry.credit_account_id = created.id
        )
    RETURNING account.id
), forgotten AS (
    DELETE FROM trueup.created_objects
    WHERE run_id = %(run_id)s AND kind = 'account'
)
SELECT
    (SELECT count(*) FROM deleted) AS deleted,
    (
        SELECT array_agg(id ORDER BY id) FROM created
        WHERE id NOT IN (SELECT id FROM deleted)
    ) AS kept
