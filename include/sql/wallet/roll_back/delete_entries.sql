-- Takes back up to a batch of the run's entries, newest first; sums first, deletes then: balances
-- move by exactly what is deleted.
WITH chosen AS (
    SELECT id, wallet_id, CASE direction WHEN 'credit' THEN amount ELSE -amount END AS coins
    FROM coin_journal_entries
    WHERE entry_no > %(high_water_entry_id)s AND run_id = %(run_id)s
    ORDER BY entry_no DESC
    LIMIT %(batch_size)s
), restored AS (
    UPDATE user_wallet AS wallet SET
        balance = wallet.balance - moved.coins,
        available_balance = wallet.available_balance - moved.coins,
        updated_at = now()
    FROM (SELECT wallet_id, sum(coins) AS coins FROM chosen GROUP BY wallet_id) AS moved
    WHERE wallet.wallet_id = moved.wallet_id
), deleted AS (
    DELETE FROM coin_journal_entries AS entry USING chosen
    WHERE entry.id = chosen.id
    RETURNING entry.id
)
SELECT count(*) AS deleted FROM deleted
