-- Lists accounts whose balance no entry explains: their opening balances, kept as the baseline.
WITH legs AS (
    SELECT debit_account_id AS account_id, sum(amount) AS debit
    FROM ledger_entries GROUP BY debit_account_id
    UNION ALL
    SELECT credit_account_id, -sum(amount) FROM ledger_entries GROUP BY credit_account_id
), moved AS (
    SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
)
SELECT
    account.id AS account_id,
    account.currency_code,
    (account.balance - CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
        * coalesce(moved.debit, 0))::TEXT AS opening_balance
FROM bank_accounts AS account
LEFT JOIN moved ON moved.account_id = account.id
WHERE account.balance <> CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
    * coalesce(moved.debit, 0)
ORDER BY account.id
