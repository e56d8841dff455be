-- Has the run open the suspense accounts that its corrections need and that nobody has opened.
INSERT INTO trueup.staged_accounts (
    run_id, account_id, currency_code, normal_side, allow_overdraft
)
SELECT DISTINCT
    %(run_id)s, %(suspense_account)s || ':' || currency_code, currency_code, 'debit', TRUE
FROM trueup.corrections
WHERE
    run_id = %(run_id)s
    AND proposal = 'correction'
    AND %(suspense_account)s || ':' || currency_code NOT IN (SELECT id FROM bank_accounts)
ON CONFLICT DO NOTHING
