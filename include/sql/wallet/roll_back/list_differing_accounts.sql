-- Lists wallets that do not stand as they did before the run, other sessions' entries aside.
WITH later AS (
    SELECT
        wallet_id,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
    FROM coin_journal_entries
    WHERE entry_no > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
    GROUP BY wallet_id
)
SELECT
    baseline.wallet_id AS account_id,
    baseline.balance::TEXT AS before,
    (wallet.balance - coalesce(later.coins, 0))::TEXT AS after
FROM trueup.baseline_wallets AS baseline
LEFT JOIN user_wallet AS wallet USING (wallet_id)
LEFT JOIN later USING (wallet_id)
WHERE
    baseline.run_id = %(run_id)s
    AND baseline.stood
    AND (wallet.balance - coalesce(later.coins, 0)) IS DISTINCT FROM baseline.balance
ORDER BY baseline.wallet_id
