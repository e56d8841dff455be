-- Lists accounts that deleting the run's entries would leave below zero: others spent its money.
WITH legs AS (
    SELECT debit_account_id AS account_id, amount AS debit
    FROM ledger_entries
    WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
    UNION ALL
    SELECT credit_account_id, -amount
    FROM ledger_entries
    WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
), moved AS (
    SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
), resulting AS (
    SELECT
        account.id,
        account.currency_code,
        account.available_balance
        - CASE account.normal_side WHEN 'debit' THEN moved.debit ELSE -moved.debit END AS available
    FROM moved
    INNER JOIN bank_accounts AS account ON account.id = moved.account_id
    WHERE NOT account.allow_overdraft
)
SELECT resulting.id AS account_id, resulting.currency_code, resulting.available::TEXT AS available
FROM resulting
LEFT JOIN trueup.baseline_accounts AS baseline
    ON baseline.run_id = %(run_id)s AND baseline.account_id = resulting.id
-- Who stood below zero before the run may stand there again, and no lower.
WHERE resulting.available < least(coalesce(baseline.available_balance, 0), 0)
ORDER BY resulting.id
