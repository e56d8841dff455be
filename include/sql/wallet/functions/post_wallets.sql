-- Gives the users of a key range what they want, as a set: a wallet, the transaction that brings
-- their coins, the legs that the contra account lacks; then balances follow the journal.
-- Lock order: new wallets by user; then the wallets that stand, the system's among them, by id. The
-- journal is read under these locks, so that each chain goes on where it ends.
CREATE OR REPLACE FUNCTION post_wallets(
    p_run_id TEXT,
    p_first_key BIGINT,
    p_last_key BIGINT,
    OUT posted BIGINT,
    OUT replayed BIGINT
) LANGUAGE plpgsql AS $$
DECLARE
    v_system_wallet_id TEXT;
    v_system_balance BIGINT;
    v_offered BIGINT;
    v_wallets BIGINT[];
    v_transactions BIGINT[];
    v_legs BIGINT[];
    v_balances BIGINT[];
BEGIN
    SELECT count(*) INTO v_offered FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key;

    -- A new wallet has no journal: its balance is what its opening balance brings.
    WITH made AS (
        INSERT INTO user_wallet (wallet_id, user_id, balance, available_balance, run_id)
        SELECT wallet_id, user_id, coalesce(coins, 0), coalesce(coins, 0), run_id
        FROM trueup.prepared_entries
        WHERE
            run_id = p_run_id
            AND position BETWEEN p_first_key AND p_last_key
            AND NOT has_wallet
        ORDER BY user_id
        ON CONFLICT (user_id) DO NOTHING
        RETURNING wallet_id
    )
    SELECT coalesce(array_agg(prepared.position), '{}') INTO v_wallets
    FROM made
    INNER JOIN trueup.prepared_entries AS prepared
        ON
            prepared.run_id = p_run_id
            AND prepared.position BETWEEN p_first_key AND p_last_key
            AND prepared.wallet_id = made.wallet_id;

    CREATE TEMPORARY TABLE IF NOT EXISTS wallet_wants (
        position BIGINT, user_id TEXT, wallet_id TEXT, is_new BOOLEAN, transaction_type TEXT,
        transaction_id TEXT, coins INTEGER, one_legged BIGINT
    ) ON COMMIT DROP;
    TRUNCATE wallet_wants;
    INSERT INTO wallet_wants
    SELECT
        prepared.position, prepared.user_id, wallet.wallet_id,
        NOT prepared.has_wallet AND wallet.wallet_id = prepared.wallet_id,
        prepared.transaction_type, prepared.transaction_id, prepared.coins, prepared.one_legged
    FROM trueup.prepared_entries AS prepared
    INNER JOIN user_wallet AS wallet ON wallet.user_id = prepared.user_id
    WHERE
        prepared.run_id = p_run_id
        AND prepared.position BETWEEN p_first_key AND p_last_key
        AND prepared.is_wanting;
    ANALYZE wallet_wants;

    PERFORM 1 FROM user_wallet
    WHERE
        user_id = 'system'
        OR wallet_id IN (SELECT wants.wallet_id FROM wallet_wants AS wants WHERE NOT wants.is_new)
    ORDER BY wallet_id FOR NO KEY UPDATE;

    SELECT wallet.wallet_id, coalesce(last.balance_after, 0)
    INTO STRICT v_system_wallet_id, v_system_balance
    FROM user_wallet AS wallet
    LEFT JOIN LATERAL (
        SELECT entry.balance_after FROM coin_journal_entries AS entry
        WHERE entry.wallet_id = wallet.wallet_id
        ORDER BY entry.entry_no DESC LIMIT 1
    ) AS last ON TRUE
    WHERE wallet.user_id = 'system';

    -- One statement: a transaction is closed when its legs are there.
    WITH wanted AS MATERIALIZED (
        SELECT wants.*, coalesce(last.balance_after, 0) AS balance_before
        FROM wallet_wants AS wants
        LEFT JOIN LATERAL (
            SELECT entry.balance_after FROM coin_journal_entries AS entry
            WHERE NOT wants.is_new AND entry.wallet_id = wants.wallet_id
            ORDER BY entry.entry_no DESC LIMIT 1
        ) AS last ON TRUE
        WHERE wants.transaction_type IS NOT NULL
    ), booked AS (
        INSERT INTO coin_ledger_transactions (
            id, type, context, external_ref, initiator_user_id, closed_at, status, run_id, run_line
        )
        SELECT
            transaction_id,
            transaction_type,
            CASE transaction_type
                WHEN 'opening_balance' THEN '{"migratedFrom": "users.totalCoins"}'
                ELSE '{"truedUpTo": "users.totalCoins"}'
            END::JSON,
            CASE transaction_type
                WHEN 'opening_balance' THEN 'opening_balance:' || user_id
                ELSE 'true_up:' || p_run_id || ':' || user_id
            END,
            user_id,
            now(),
            'closed',
            p_run_id,
            position
        FROM wanted
        ORDER BY position
        RETURNING run_line
    ), lacking AS MATERIALIZED (
        -- Legs without a counterpart, looked for anew under the locks.
        SELECT
            wants.position, leg.ledger_transaction_id AS transaction_id,
            CASE leg.direction WHEN 'credit' THEN -leg.amount ELSE leg.amount END AS coins
        FROM wallet_wants AS wants
        INNER JOIN coin_journal_entries AS leg ON leg.wallet_id = wants.wallet_id
        INNER JOIN coin_ledger_transactions AS movement
            ON movement.id = leg.ledger_transaction_id AND movement.status = 'closed'
        WHERE
            wants.one_legged > 0
            AND NOT EXISTS (
                SELECT 1 FROM coin_journal_entries AS other
                WHERE
                    other.ledger_transaction_id = leg.ledger_transaction_id
                    AND other.id <> leg.id
            )
    ), contra AS (
        SELECT
            legs.*,
            v_system_balance + sum(legs.coins) OVER (
                ORDER BY legs.position, legs.transaction_id ROWS UNBOUNDED PRECEDING
            ) AS balance_after
        FROM (
            SELECT position, transaction_id, -coins AS coins, transaction_type FROM wanted
            UNION ALL
            SELECT position, transaction_id, coins, NULL FROM lacking
        ) AS legs
    ), entered AS (
        INSERT INTO coin_journal_entries (
            id, ledger_transaction_id, wallet_id, direction, amount, balance_before, balance_after,
            memo, run_id
        )
        SELECT
            -- Of added legs a user may have several: their ids are drawn.
            CASE
                WHEN transaction_type IS NULL THEN gen_random_uuid()::TEXT
                ELSE wallet_id_of(side, p_run_id, position)
            END,
            transaction_id, wallet_id, CASE WHEN coins > 0 THEN 'credit' ELSE 'debit' END,
            abs(coins), balance_after - coins, balance_after, memo, p_run_id
        FROM (
            SELECT
                position, transaction_id, transaction_type, 'user leg' AS side, wallet_id, coins,
                balance_before + coins AS balance_after,
                CASE transaction_type
                    WHEN 'opening_balance' THEN 'Opening balance migration'
                    ELSE 'Coins moved without a journal entry'
                END AS memo
            FROM wanted
            UNION ALL
            SELECT
                position, transaction_id, transaction_type, 'contra leg', v_system_wallet_id,
                coins, balance_after,
                CASE transaction_type
                    WHEN 'opening_balance' THEN 'Opening balance offset'
                    WHEN 'true_up' THEN 'True-up offset'
                    ELSE 'Missing offset'
                END
            FROM contra
        ) AS legs
        ORDER BY position, transaction_id
    )
    SELECT
        (SELECT coalesce(array_agg(run_line), '{}') FROM booked),
        (SELECT coalesce(array_agg(DISTINCT position), '{}') FROM lacking)
    INTO v_transactions, v_legs;

    -- What the journal says, wallets hold. What that changes beside the run's own entries is a
    -- correction, and kept for the way back.
    WITH standing AS (
        SELECT wallet_id, position FROM wallet_wants WHERE NOT is_new
        UNION ALL
        SELECT v_system_wallet_id, NULL
    ), due AS MATERIALIZED (
        SELECT
            standing.position,
            wallet.wallet_id,
            wallet.balance,
            wallet.available_balance,
            last.balance_after - wallet.balance AS change,
            -- The run's legs of this very transaction: those of earlier batches are in the balance.
            last.balance_after - wallet.balance - own.coins AS corrected
        FROM standing
        INNER JOIN user_wallet AS wallet USING (wallet_id)
        CROSS JOIN LATERAL (
            SELECT coalesce((
                SELECT entry.balance_after FROM coin_journal_entries AS entry
                WHERE entry.wallet_id = standing.wallet_id
                ORDER BY entry.entry_no DESC LIMIT 1
            ), 0) AS balance_after
        ) AS last
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN standing.position IS NULL THEN last.balance_after - v_system_balance
                ELSE coalesce((
                    SELECT wants.coins FROM wallet_wants AS wants
                    WHERE
                        wants.wallet_id = standing.wallet_id
                        AND wants.transaction_type IS NOT NULL
                ), 0)
            END AS coins
        ) AS own
        WHERE last.balance_after <> wallet.balance OR own.coins <> 0
    ), moved AS (
        UPDATE user_wallet AS wallet SET
            balance = wallet.balance + due.change,
            available_balance = wallet.available_balance + due.change,
            updated_at = now()
        FROM due
        WHERE wallet.wallet_id = due.wallet_id
    ), kept AS (
        INSERT INTO trueup.baseline_wallets AS baseline (
            run_id, wallet_id, balance, available_balance, stood, corrected, corrected_available
        )
        SELECT p_run_id, wallet_id, balance, available_balance, FALSE, corrected, corrected
        FROM due
        WHERE corrected <> 0
        ON CONFLICT (run_id, wallet_id) DO UPDATE SET
            corrected = baseline.corrected + excluded.corrected,
            corrected_available = baseline.corrected_available + excluded.corrected_available
    )
    SELECT coalesce(array_agg(position), '{}') INTO v_balances FROM due WHERE position IS NOT NULL;

    SELECT count(DISTINCT settled.position) INTO posted
    FROM unnest(v_wallets || v_transactions || v_legs || v_balances) AS settled (position);
    replayed := v_offered - posted;
END
$$;
