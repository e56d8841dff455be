-- Gives the transactions to book, the coins that they bring, and how users, wallets and the contra
-- account would then stand.
SELECT
    'COINS' AS currency_code,
    count(prepared.transaction_type) AS entries,
    coalesce(sum(prepared.coins), 0)::TEXT AS amount,
    coalesce(sum(staged.total_coins), 0)::TEXT AS total_coins,
    sum(staged.journal_balance + coalesce(prepared.coins, 0))::TEXT AS wallet_coins,
    count(*) FILTER (WHERE NOT prepared.has_wallet)::TEXT AS new_wallets,
    sum(prepared.one_legged)::TEXT AS legs_added
FROM trueup.staged_entries AS staged
LEFT JOIN trueup.prepared_entries AS prepared
    ON prepared.run_id = staged.run_id AND prepared.position = staged.position
WHERE staged.run_id = %(run_id)s
