-- Holds wallets against users.total_coins, for the users that the run read; the contra account is
-- nobody's coins. Difference: wallet less coins.
INSERT INTO trueup.breaks (
    run_id, account_id, currency_code, compared_with, expected, actual, cause
)
SELECT
    %(run_id)s,
    drifts.user_id,
    'COINS',
    'expected_balances',
    drifts.total_coins,
    coalesce(drifts.balance, 0),
    CASE drifts.cause
        WHEN 'no_wallet' THEN 'no wallet'
        WHEN 'wallet_without_journal' THEN 'wallet without journal'
        WHEN 'balance_off_journal' THEN 'balance off its journal'
        ELSE format(
            'coins moved without a journal entry%%s', (
                SELECT format(
                    ': %%s of %%s, %%s', moved.type, moved.amount,
                    to_char(moved.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                )
                FROM coin_transactions AS moved
                WHERE
                    moved.user_id = drifts.user_id
                    AND moved.status = 'completed'
                    AND moved.amount = drifts.drift
                ORDER BY moved.created_at DESC
                LIMIT 1
            )
        )
    END
FROM wallet_drifts AS drifts
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.user_id = drifts.user_id
WHERE abs(drifts.drift) > %(tolerance)s::NUMERIC OR drifts.journal_drift <> 0
