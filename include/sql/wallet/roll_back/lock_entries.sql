-- Locks the wallets of the entries that the next step takes back, by id, as every poster does.
SELECT wallet_id
FROM user_wallet
WHERE wallet_id IN (
    SELECT wallet_id FROM (
        SELECT wallet_id
        FROM coin_journal_entries
        WHERE entry_no > %(high_water_entry_id)s AND run_id = %(run_id)s
        ORDER BY entry_no DESC
        LIMIT %(batch_size)s
    ) AS chosen
)
ORDER BY wallet_id
FOR NO KEY UPDATE
