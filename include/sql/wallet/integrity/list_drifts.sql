-- Users whose coins, wallet and journal do not agree; the largest difference first.
SELECT
    user_id,
    username,
    total_coins,
    balance,
    journal_balance,
    drift,
    journal_drift,
    cause
FROM wallet_drifts
ORDER BY abs(drift) DESC, abs(journal_drift) DESC, user_id ASC
LIMIT %(most)s
