-- Counts wallets that stood before the run and that others have changed since without an entry.
WITH later AS (
    SELECT
        wallet_id,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
    FROM coin_journal_entries
    WHERE entry_no > %(high_water_entry_id)s AND run_id IS DISTINCT FROM %(run_id)s
    GROUP BY wallet_id
)
SELECT count(*) AS accounts
FROM trueup.baseline_wallets AS baseline
LEFT JOIN user_wallet AS wallet USING (wallet_id)
LEFT JOIN later USING (wallet_id)
WHERE
    baseline.run_id = %(run_id)s
    AND baseline.stood
    AND (wallet.balance - coalesce(later.coins, 0)) IS DISTINCT FROM baseline.balance
    -- While entries of the run stand, nobody else is to blame.
    AND NOT EXISTS (SELECT 1 FROM coin_journal_entries AS own WHERE own.run_id = %(run_id)s)
