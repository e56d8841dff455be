-- Lists prepared transactions that do not stand as they were prepared: credited to the user, and
-- debited to the system, or the other way where coins are to be taken.
SELECT
    prepared.position,
    prepared.user_id
FROM trueup.prepared_entries AS prepared
LEFT JOIN (
    SELECT
        entry.ledger_transaction_id,
        count(*) AS legs,
        sum(CASE
            WHEN wallet.user_id = 'system' THEN 0
            WHEN entry.direction = 'credit' THEN entry.amount
            ELSE -entry.amount
        END) AS of_user,
        sum(CASE
            WHEN wallet.user_id <> 'system' THEN 0
            WHEN entry.direction = 'credit' THEN entry.amount
            ELSE -entry.amount
        END) AS of_system
    FROM coin_journal_entries AS entry
    INNER JOIN user_wallet AS wallet ON wallet.wallet_id = entry.wallet_id
    WHERE entry.run_id = %(run_id)s
    GROUP BY entry.ledger_transaction_id
) AS booked ON booked.ledger_transaction_id = prepared.transaction_id
WHERE
    prepared.run_id = %(run_id)s
    AND prepared.transaction_type IS NOT NULL
    AND (booked.legs, booked.of_user, booked.of_system)
    IS DISTINCT FROM (2::BIGINT, prepared.coins::BIGINT, -prepared.coins::BIGINT)
ORDER BY prepared.position
