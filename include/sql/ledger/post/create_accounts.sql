-- Creates the accounts of the accounts file that are missing, and remembers that this run did.
WITH created AS (
    INSERT INTO bank_accounts (id, currency_code, normal_side, allow_overdraft)
    SELECT account_id, currency_code, normal_side, allow_overdraft
    FROM trueup.staged_accounts
    WHERE run_id = %(run_id)s
    ORDER BY account_id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO trueup.created_objects (run_id, kind, table_name, name)
SELECT %(run_id)s, 'account', 'bank_accounts', id FROM created
