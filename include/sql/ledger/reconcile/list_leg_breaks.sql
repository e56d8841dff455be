-- Lists accounts whose stored balance is not opening balance plus entries; from account_legs.
WITH moved AS (
    SELECT account_id, sum(debit) AS debit FROM account_legs GROUP BY account_id
), compared AS (
    SELECT
        account.id AS account_id,
        account.currency_code,
        account.balance AS actual,
        coalesce(baseline.opening_balance, 0)
        + CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(moved.debit, 0)
            AS expected
    FROM bank_accounts AS account
    LEFT JOIN moved ON moved.account_id = account.id
    LEFT JOIN trueup.baseline_accounts AS baseline
        ON baseline.run_id = %(run_id)s AND baseline.account_id = account.id
    -- An account that another session opened during the run has a balance of its own.
    WHERE
        baseline.account_id IS NOT NULL
        OR account.id IN (
            SELECT name FROM trueup.created_objects
            WHERE run_id = %(run_id)s AND kind = 'account'
        )
)
SELECT account_id, currency_code, expected::TEXT AS expected, actual::TEXT AS actual
FROM compared
WHERE actual <> expected
ORDER BY account_id
