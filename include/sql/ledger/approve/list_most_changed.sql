-- Lists the accounts whose balances posting would change most, those of every currency in turn.
WITH moved AS (
    SELECT account_id, currency_code, sum(debit - credit) AS debit
    FROM trueup.movements WHERE run_id = %(run_id)s
    GROUP BY account_id, currency_code
), accounts AS (
    SELECT id AS account_id, normal_side, balance
    FROM bank_accounts
    UNION ALL
    SELECT account_id, normal_side, 0
    FROM trueup.staged_accounts AS staged
    WHERE
        run_id = %(run_id)s
        AND NOT EXISTS (SELECT 1 FROM bank_accounts WHERE bank_accounts.id = staged.account_id)
), changes AS (
    SELECT
        moved.account_id,
        moved.currency_code,
        accounts.balance AS before,
        CASE accounts.normal_side WHEN 'debit' THEN moved.debit ELSE -moved.debit END AS change
    FROM moved
    INNER JOIN accounts USING (account_id)
), ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY currency_code ORDER BY abs(change) DESC, account_id
        ) AS rank
    FROM changes
    WHERE change <> 0
)
SELECT
    account_id,
    currency_code,
    trim_scale(before)::TEXT AS before,
    trim_scale(before + change)::TEXT AS after,
    count(*) OVER () AS changed
FROM ranked
ORDER BY rank, currency_code
LIMIT %(rows)s
