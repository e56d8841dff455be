-- Gives the control totals per currency, and the trial balance that posting would leave.
WITH fresh AS (
    SELECT DISTINCT ON (entry.ledger_id, entry.reference_id)
        entry.debit_account_id,
        entry.credit_account_id,
        entry.currency_code,
        entry.amount
    FROM trueup.prepared_entries AS entry
    WHERE
        entry.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT 1 FROM ledger_entries AS standing
            WHERE
                standing.ledger_id = entry.ledger_id
                AND standing.reference_id = entry.reference_id
        )
), legs AS (
    SELECT currency_code, debit_account_id AS account_id, amount AS debit FROM fresh
    UNION ALL
    SELECT currency_code, credit_account_id, -amount FROM fresh
    UNION ALL
    SELECT currency_code, id, CASE normal_side WHEN 'debit' THEN balance ELSE -balance END
    FROM bank_accounts
), resulting AS (
    SELECT currency_code, account_id, sum(debit) AS debit
    FROM legs
    GROUP BY currency_code, account_id
), totals AS (
    SELECT currency_code, count(*) AS entries, sum(amount) AS amount FROM fresh
    GROUP BY currency_code
)
SELECT
    resulting.currency_code,
    coalesce(max(totals.entries), 0) AS entries,
    coalesce(max(totals.amount), 0)::TEXT AS amount,
    coalesce(sum(resulting.debit) FILTER (WHERE resulting.debit > 0), 0)::TEXT AS debit_balances,
    coalesce(-sum(resulting.debit) FILTER (WHERE resulting.debit < 0), 0)::TEXT AS credit_balances,
    sum(resulting.debit)::TEXT AS difference
FROM resulting
LEFT JOIN totals USING (currency_code)
GROUP BY resulting.currency_code
HAVING max(totals.entries) IS NOT NULL OR bool_or(resulting.debit <> 0)
ORDER BY resulting.currency_code
