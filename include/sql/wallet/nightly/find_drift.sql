-- Finds users whose coins, wallet and journal do not say the same. The contra account is no drift,
-- but its wallet holds what its journal says.
SELECT
    'critical' AS severity,
    'user ' || user_id AS subject,
    'COINS' AS currency_code,
    CASE WHEN is_contra THEN journal_balance ELSE total_coins END AS expected,
    coalesce(balance, 0) AS actual,
    CASE cause
        WHEN 'no_wallet' THEN 'There is no wallet; run wallet_backfill.'
        WHEN 'wallet_without_journal'
            THEN 'The wallet has no journal entry; run wallet_backfill.'
        WHEN 'balance_off_journal'
            THEN format('The wallet does not hold what its journal says, %%s.', journal_balance)
        ELSE 'Coins moved without a journal entry; run wallet_backfill with true_up.'
    END AS cause
FROM wallet_drifts
