-- Gives the control totals per currency, and the trial balance that posting would leave.
WITH legs AS (
    SELECT currency_code, account_id, debit - credit AS debit
    FROM trueup.movements WHERE run_id = %(run_id)s
    UNION ALL
    SELECT currency_code, id, CASE normal_side WHEN 'debit' THEN balance ELSE -balance END
    FROM bank_accounts
), resulting AS (
    SELECT currency_code, account_id, sum(debit) AS debit
    FROM legs
    GROUP BY currency_code, account_id
), totals AS (
    -- Every entry has one debit leg.
    SELECT currency_code, sum(entries) AS entries, sum(debit) AS amount
    FROM trueup.movements WHERE run_id = %(run_id)s
    GROUP BY currency_code
    HAVING sum(entries) > 0
), sums AS (
    SELECT
        resulting.currency_code,
        coalesce(max(totals.entries), 0)::BIGINT AS entries,
        coalesce(max(totals.amount), 0) AS amount,
        coalesce(sum(resulting.debit) FILTER (WHERE resulting.debit > 0), 0) AS debit_balances,
        coalesce(-sum(resulting.debit) FILTER (WHERE resulting.debit < 0), 0) AS credit_balances,
        sum(resulting.debit) AS difference
    FROM resulting
    LEFT JOIN totals USING (currency_code)
    GROUP BY resulting.currency_code
    HAVING max(totals.entries) IS NOT NULL OR bool_or(resulting.debit <> 0)
)
-- Shown with the currency's decimals, or with those that a balance has beyond them.
SELECT
    sums.currency_code,
    sums.entries,
    round(sums.amount, digits.shown)::TEXT AS amount,
    round(sums.debit_balances, digits.shown)::TEXT AS debit_balances,
    round(sums.credit_balances, digits.shown)::TEXT AS credit_balances,
    round(sums.difference, digits.shown)::TEXT AS difference
FROM sums
LEFT JOIN trueup.currencies AS currency ON currency.code = sums.currency_code
CROSS JOIN LATERAL (
    SELECT greatest(
        coalesce(currency.minor_unit, 0), min_scale(sums.amount), min_scale(sums.debit_balances),
        min_scale(sums.credit_balances)
    ) AS shown
) AS digits
ORDER BY sums.currency_code
