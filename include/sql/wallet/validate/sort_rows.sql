-- Sorts staged users by what each wants. It is the journal that is asked, not the wallet: coins of
-- which it knows nothing are an opening balance, with a wallet or without; coins that moved beside
-- it are trued up, when that is asked for.
-- The difference of coins and journal does not change while both move at once, so what is found
-- here is still right when it is posted.
WITH judged AS MATERIALIZED (
    SELECT
        staged.*,
        CASE
            WHEN coalesce(staged.total_coins, -1) < 0 THEN 'invalid_balance'
        END AS verdict,
        CASE
            WHEN staged.total_coins = staged.journal_balance THEN NULL
            WHEN staged.journal_entries = 0 THEN 'opening_balance'
            WHEN asked.true_up THEN 'true_up'
        END AS transaction_type
    FROM trueup.staged_entries AS staged
    CROSS JOIN (
        SELECT (plan ->> 'true_up')::BOOLEAN AS true_up FROM trueup.runs WHERE run_id = %(run_id)s
    ) AS asked
    WHERE staged.run_id = %(run_id)s AND staged.position > %(after_position)s
), prepared AS (
    INSERT INTO trueup.prepared_entries (
        run_id, position, user_id, wallet_id, has_wallet, transaction_type, transaction_id, coins,
        one_legged, is_off, is_wanting
    )
    SELECT
        %(run_id)s,
        position,
        user_id,
        coalesce(wallet_id, wallet_id_of('wallet', %(run_id)s, position)),
        wallet_id IS NOT NULL,
        transaction_type,
        CASE
            WHEN transaction_type IS NOT NULL
                THEN wallet_id_of('transaction', %(run_id)s, position)
        END,
        CASE WHEN transaction_type IS NOT NULL THEN total_coins - journal_balance END,
        one_legged,
        coalesce(balance <> journal_balance, FALSE),
        wallet_id IS NULL
        OR transaction_type IS NOT NULL
        OR one_legged > 0
        OR balance <> journal_balance
    FROM judged
    WHERE verdict IS NULL
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    position,
    'validate',
    verdict,
    format(
        'User %%s: coins must be a number, zero or more; it is %%s.',
        user_id, coalesce(total_coins::TEXT, 'missing')
    ),
    raw,
    jsonb_build_object('userId', user_id, 'totalCoins', total_coins)
FROM judged
WHERE verdict IS NOT NULL
