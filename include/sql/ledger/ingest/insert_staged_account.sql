-- Keeps one account of the accounts file.
INSERT INTO trueup.staged_accounts (
    run_id, account_id, currency_code, normal_side, allow_overdraft
) VALUES (
    %(run_id)s, %(account_id)s, %(currency_code)s, %(normal_side)s, %(allow_overdraft)s
)
