-- Receives the accounts of the accounts file.
COPY trueup.staged_accounts (
    run_id, account_id, currency_code, normal_side, allow_overdraft
) FROM STDIN
