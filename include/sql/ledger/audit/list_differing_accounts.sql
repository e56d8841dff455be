-- Lists accounts to create that stand in the ledger already, and differently.
SELECT
    account.id AS account_id,
    concat_ws(
        ', ', account.currency_code, account.normal_side,
        CASE WHEN account.allow_overdraft THEN 'may overdraw' ELSE 'may not overdraw' END
    ) AS stands,
    concat_ws(
        ', ', staged.currency_code, staged.normal_side,
        CASE WHEN staged.allow_overdraft THEN 'may overdraw' ELSE 'may not overdraw' END
    ) AS wanted
FROM trueup.staged_accounts AS staged
INNER JOIN bank_accounts AS account ON account.id = staged.account_id
WHERE
    staged.run_id = %(run_id)s
    AND (account.currency_code, account.normal_side, account.allow_overdraft)
    <> (staged.currency_code, staged.normal_side, staged.allow_overdraft)
ORDER BY account.id
