-- Stages once more the users that an earlier run left in quarantine, as they stand today.
INSERT INTO trueup.staged_entries (
    run_id, position, raw, user_id, total_coins, wallet_id, balance, available_balance,
    journal_balance, journal_entries, one_legged
)
SELECT
    %(run_id)s,
    quarantined.position,
    concat_ws(' ', person.id, 'coins', person.total_coins),
    person.id,
    person.total_coins,
    wallet.wallet_id,
    wallet.balance,
    wallet.available_balance,
    legs.coins,
    legs.entries,
    legs.one_legged
FROM trueup.quarantine AS quarantined
INNER JOIN users AS person ON person.id = quarantined.fields ->> 'userId'
LEFT JOIN user_wallet AS wallet ON wallet.user_id = person.id
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(CASE leg.direction WHEN 'credit' THEN leg.amount ELSE -leg.amount END), 0)
            AS coins,
        count(*) AS entries,
        count(*) FILTER (
            WHERE movement.status = 'closed' AND NOT EXISTS (
                SELECT 1 FROM coin_journal_entries AS other
                WHERE
                    other.ledger_transaction_id = leg.ledger_transaction_id
                    AND other.id <> leg.id
            )
        ) AS one_legged
    FROM coin_journal_entries AS leg
    INNER JOIN coin_ledger_transactions AS movement ON movement.id = leg.ledger_transaction_id
    WHERE leg.wallet_id = wallet.wallet_id
) AS legs
WHERE quarantined.run_id = %(source)s
