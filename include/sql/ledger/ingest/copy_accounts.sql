-- Gives every account that a row may name: those that stand, and those to be created.
COPY (
    SELECT id, currency_code FROM bank_accounts
    UNION
    SELECT account_id, currency_code FROM trueup.staged_accounts WHERE run_id = %(run_id)s
) TO STDOUT (FORMAT csv)
