-- Lists accounts that do not stand as they did before the run, other sessions' entries aside.
WITH later AS (
    SELECT account_id, sum(debit) AS debit
    FROM (
        SELECT debit_account_id AS account_id, amount AS debit
        FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
        UNION ALL
        SELECT credit_account_id, -amount
        FROM ledger_entries
        WHERE id > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
    ) AS legs
    GROUP BY account_id
), former AS (
    SELECT account_id, balance FROM trueup.baseline_accounts WHERE run_id = %(run_id)s
    UNION ALL
    -- What the run created and others have come to use stays, with what is theirs.
    SELECT created.name, 0
    FROM trueup.created_objects AS created
    INNER JOIN bank_accounts AS standing ON standing.id = created.name
    WHERE created.run_id = %(run_id)s AND created.kind = 'account'
)
SELECT
    baseline.account_id,
    baseline.balance::TEXT AS before,
    (account.balance - CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END
        * coalesce(later.debit, 0))::TEXT AS after
FROM former AS baseline
LEFT JOIN bank_accounts AS account ON account.id = baseline.account_id
LEFT JOIN later ON later.account_id = baseline.account_id
WHERE
    baseline.balance IS DISTINCT FROM account.balance
    - CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(later.debit, 0)
ORDER BY baseline.account_id
