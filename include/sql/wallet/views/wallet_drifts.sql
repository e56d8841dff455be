-- Users whose coins, wallet and journal do not say the same, with the likely cause. The system
-- account is no drift: only its balance must be what its journal says.
CREATE OR REPLACE VIEW wallet_drifts AS
SELECT
    user_id,
    username,
    is_contra,
    wallet_id,
    total_coins,
    balance,
    journal_balance,
    drift,
    journal_drift,
    CASE
        WHEN wallet_id IS NULL THEN 'no_wallet'
        WHEN entries = 0 THEN 'wallet_without_journal'
        WHEN journal_drift <> 0 THEN 'balance_off_journal'
        ELSE 'coins_without_entry'
    END AS cause
FROM (
    SELECT
        user_coins.*,
        CASE WHEN is_contra THEN 0 ELSE total_coins - coalesce(balance, 0)::BIGINT END AS drift,
        coalesce(balance, 0) - journal_balance AS journal_drift
    FROM user_coins
) AS position
WHERE drift <> 0 OR journal_drift <> 0
