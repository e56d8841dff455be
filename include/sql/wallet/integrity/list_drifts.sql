-- Users whose coins, wallet and journal do not agree; of each cause the largest differences.
SELECT
    user_id,
    username,
    total_coins,
    balance,
    journal_balance,
    drift,
    journal_drift,
    cause
FROM (
    SELECT
        wallet_drifts.*,
        row_number() OVER (
            PARTITION BY cause
            ORDER BY abs(drift) DESC, abs(journal_drift) DESC, user_id ASC
        ) AS place
    FROM wallet_drifts
) AS placed
WHERE place <= %(most)s
ORDER BY abs(drift) DESC, abs(journal_drift) DESC, user_id ASC
