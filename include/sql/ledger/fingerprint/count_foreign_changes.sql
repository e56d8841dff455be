-- Counts accounts that others changed since the run's start in a way that no entry explains: holds
-- between available and reserved, and changed terms. Their entries are reckoned with already.
SELECT count(*) AS accounts
FROM bank_accounts AS account
INNER JOIN trueup.baseline_accounts AS baseline ON baseline.account_id = account.id
WHERE
    baseline.run_id = %(run_id)s
    AND (
        account.reserved_balance <> baseline.reserved_balance
        OR account.allow_overdraft <> baseline.allow_overdraft
        OR account.normal_side <> baseline.normal_side
    )
