-- Lists wallets that the run booked on and that do not hold what their journal says.
SELECT
    wallet.wallet_id AS account_id,
    'COINS' AS currency_code,
    legs.coins::TEXT AS expected,
    wallet.balance::TEXT AS actual
FROM (
    SELECT
        wallet_id,
        sum(CASE direction WHEN 'credit' THEN amount ELSE -amount END) AS coins
    FROM coin_journal_entries
    GROUP BY wallet_id
    HAVING bool_or(run_id = %(run_id)s)
) AS legs
INNER JOIN user_wallet AS wallet USING (wallet_id)
WHERE wallet.balance <> legs.coins
ORDER BY wallet.wallet_id
