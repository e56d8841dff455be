-- Lists accounts that may not overdraw and that posting would leave below zero.
WITH moved AS (
    SELECT account_id, sum(debit - credit) AS debit
    FROM trueup.movements WHERE run_id = %(run_id)s
    GROUP BY account_id
), accounts AS (
    SELECT id AS account_id, currency_code, normal_side, allow_overdraft, available_balance
    FROM bank_accounts
    UNION ALL
    SELECT account_id, currency_code, normal_side, allow_overdraft, 0
    FROM trueup.staged_accounts AS staged
    WHERE
        run_id = %(run_id)s
        AND NOT EXISTS (SELECT 1 FROM bank_accounts WHERE bank_accounts.id = staged.account_id)
)
SELECT
    account_id,
    currency_code,
    round(resulting.balance, greatest(min_scale(resulting.balance), 2))::TEXT AS balance
FROM accounts
INNER JOIN moved USING (account_id)
CROSS JOIN LATERAL (
    SELECT available_balance + CASE normal_side WHEN 'debit' THEN debit ELSE -debit END AS balance
) AS resulting
WHERE
    NOT allow_overdraft
    AND resulting.balance < 0
ORDER BY account_id
