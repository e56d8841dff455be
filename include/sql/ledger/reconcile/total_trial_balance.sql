-- Gives the trial balance per currency: debits, credits, and the net of all balances; from
-- account_legs.
WITH entries AS (
    SELECT
        currency_code,
        sum(entries)::BIGINT AS entries,
        sum(amount) AS amount,
        sum(run_entries)::BIGINT AS run_entries,
        sum(run_amount) AS run_amount
    FROM account_legs
    GROUP BY currency_code
), balances AS (
    SELECT
        currency_code,
        sum(CASE normal_side WHEN 'debit' THEN balance ELSE -balance END) AS net
    FROM bank_accounts
    GROUP BY currency_code
), moved AS (
    SELECT account_id, sum(debit) AS debit FROM account_legs GROUP BY account_id
), openings AS (
    SELECT
        account.currency_code,
        sum(CASE
            WHEN baseline.account_id IS NOT NULL
                THEN CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
                    * baseline.opening_balance
            -- An account that another session opened during the run brings a balance of its own.
            WHEN account.id NOT IN (
                SELECT name FROM trueup.created_objects
                WHERE run_id = %(run_id)s AND kind = 'account'
            )
                THEN CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
                    * account.balance - coalesce(moved.debit, 0)
        END) AS net
    FROM bank_accounts AS account
    LEFT JOIN trueup.baseline_accounts AS baseline
        ON baseline.run_id = %(run_id)s AND baseline.account_id = account.id
    LEFT JOIN moved ON moved.account_id = account.id
    GROUP BY account.currency_code
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
