-- Gives the trial balance per currency: debits, credits, and the net of all balances.
WITH entries AS (
    SELECT
        currency_code,
        count(*) AS entries,
        sum(amount) AS amount,
        count(*) FILTER (WHERE run_id = %(run_id)s) AS run_entries,
        coalesce(sum(amount) FILTER (WHERE run_id = %(run_id)s), 0) AS run_amount
    FROM ledger_entries
    GROUP BY currency_code
), balances AS (
    SELECT
        currency_code,
        sum(CASE normal_side WHEN 'debit' THEN balance ELSE -balance END) AS net
    FROM bank_accounts
    GROUP BY currency_code
), openings AS (
    SELECT
        baseline.currency_code,
        sum(
            CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END * baseline.opening_balance
        ) AS net
    FROM trueup.baseline_accounts AS baseline
    INNER JOIN bank_accounts AS account ON account.id = baseline.account_id
    WHERE baseline.run_id = %(run_id)s
    GROUP BY baseline.currency_code
)
SELECT
    currency_code,
    coalesce(entries.entries, 0) AS entries,
    coalesce(entries.amount, 0)::TEXT AS amount,
    coalesce(entries.run_entries, 0) AS run_entries,
    coalesce(entries.run_amount, 0)::TEXT AS run_amount,
    coalesce(openings.net, 0)::TEXT AS opening_net,
    coalesce(balances.net, 0)::TEXT AS net
FROM balances
FULL JOIN entries USING (currency_code)
LEFT JOIN openings USING (currency_code)
WHERE coalesce(entries.entries, 0) > 0 OR coalesce(balances.net, 0) <> 0
ORDER BY currency_code
