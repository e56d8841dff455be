-- Reverses a closed transaction by a new one with the mirrored entries, and gives the new one's id.
-- Coins move in all three places together: journal, wallets and users.total_coins. Repeated with
-- the same external_ref it gives the reversal that stands; any other second reversal is refused.
-- Lock order: the transaction that is reversed; its wallets, by id; their users, by id.
CREATE OR REPLACE FUNCTION reverse_coin_transaction(
    p_transaction_id TEXT, p_reason TEXT, p_external_ref TEXT DEFAULT NULL
) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    v_external_ref TEXT := coalesce(p_external_ref, 'reversal:' || p_transaction_id);
    v_original RECORD;
    v_standing RECORD;
    v_fault TEXT;
    v_reversal_id TEXT;
BEGIN
    SELECT type, status INTO v_original
    FROM coin_ledger_transactions WHERE id = p_transaction_id FOR UPDATE;

    SELECT id, external_ref INTO v_standing
    FROM coin_ledger_transactions
    WHERE type = 'reversal' AND context ->> 'reverses' = p_transaction_id;
    IF v_standing.id IS NOT NULL AND v_standing.external_ref = p_external_ref THEN
        RETURN v_standing.id;
    END IF;

    v_fault := CASE
        WHEN v_original.type IS NULL
            THEN format('unknown_transaction: there is no transaction %s', p_transaction_id)
        WHEN coalesce(trim(p_reason), '') = ''
            THEN 'missing_reason: a reversal says why'
        WHEN v_standing.id IS NOT NULL
            THEN format(
                'already_reversed: %s was reversed by %s', p_transaction_id, v_standing.id
            )
        WHEN v_original.status <> 'closed'
            THEN format('not_closed: %s is %s', p_transaction_id, v_original.status)
        -- These brought the journal to what users own; no coins moved when they were posted.
        WHEN v_original.type IN ('opening_balance', 'true_up')
            THEN format(
                'not_reversible: %s is an %s; roll back the run that posted it',
                p_transaction_id, v_original.type
            )
        WHEN v_original.type = 'reversal'
            THEN format(
                'not_reversible: %s is a reversal itself; post what it reversed anew',
                p_transaction_id
            )
        WHEN EXISTS (
            SELECT FROM coin_ledger_transactions WHERE external_ref = v_external_ref
        ) THEN format('used_reference: %s is the external_ref of another one', v_external_ref)
        WHEN (
            SELECT count(*) < 2 OR sum(
                CASE WHEN direction = 'credit' THEN amount::BIGINT ELSE -amount::BIGINT END
            ) <> 0
            FROM coin_journal_entries WHERE ledger_transaction_id = p_transaction_id
        ) THEN format('unbalanced: the entries of %s do not sum to zero', p_transaction_id)
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = v_fault, ERRCODE = 'check_violation';
    END IF;

    PERFORM 1 FROM user_wallet
    WHERE wallet_id IN (
        SELECT wallet_id FROM coin_journal_entries WHERE ledger_transaction_id = p_transaction_id
    )
    ORDER BY wallet_id FOR NO KEY UPDATE;
    PERFORM 1 FROM users
    WHERE id IN (
        SELECT wallet.user_id
        FROM coin_journal_entries AS entry
        INNER JOIN user_wallet AS wallet ON wallet.wallet_id = entry.wallet_id
        WHERE entry.ledger_transaction_id = p_transaction_id
    )
    ORDER BY id FOR NO KEY UPDATE;

    WITH effect AS (
        SELECT
            wallet_id,
            sum(CASE WHEN direction = 'credit' THEN -amount::BIGINT ELSE amount::BIGINT END)
                AS coins
        FROM coin_journal_entries
        WHERE ledger_transaction_id = p_transaction_id
        GROUP BY wallet_id
    ), moved AS (
        SELECT
            wallet.user_id,
            CASE
                WHEN wallet.balance <> journal.balance
                    THEN format(
                        'off_journal: the wallet of %s holds %s and its journal says %s; run '
                        'wallet_backfill first',
                        wallet.user_id, wallet.balance, journal.balance
                    )
                -- Only the contra side of all coins may be below zero; it owns none.
                WHEN wallet.user_id = 'system' OR effect.coins >= 0 THEN NULL
                WHEN least(wallet.balance, wallet.available_balance) + effect.coins < 0
                    THEN format(
                        'insufficient_coins: %s has %s coins to spend and the reversal takes %s',
                        wallet.user_id, least(wallet.balance, wallet.available_balance),
                        -effect.coins
                    )
                WHEN owner.total_coins + effect.coins < 0
                    THEN format(
                        'insufficient_coins: users.total_coins of %s is %s and the reversal takes '
                        '%s',
                        wallet.user_id, owner.total_coins, -effect.coins
                    )
            END AS fault
        FROM effect
        INNER JOIN user_wallet AS wallet ON wallet.wallet_id = effect.wallet_id
        INNER JOIN users AS owner ON owner.id = wallet.user_id
        CROSS JOIN LATERAL (
            SELECT entry.balance_after AS balance
            FROM coin_journal_entries AS entry
            WHERE entry.wallet_id = wallet.wallet_id
            ORDER BY entry.entry_no DESC
            LIMIT 1
        ) AS journal
    )
    SELECT fault INTO v_fault FROM moved WHERE fault IS NOT NULL ORDER BY user_id LIMIT 1;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = v_fault, ERRCODE = 'check_violation';
    END IF;

    INSERT INTO coin_ledger_transactions (type, context, external_ref, initiator_user_id, status)
    SELECT
        'reversal',
        json_build_object('reverses', id, 'reverses_type', type, 'reason', p_reason),
        v_external_ref,
        initiator_user_id,
        'pending'
    FROM coin_ledger_transactions WHERE id = p_transaction_id
    RETURNING id INTO v_reversal_id;

    INSERT INTO coin_journal_entries (
        ledger_transaction_id, wallet_id, direction, amount, balance_before, balance_after, memo
    )
    SELECT
        v_reversal_id,
        wallet_id,
        direction,
        amount,
        balance + upto - effect,
        balance + upto,
        'Reversal of ' || p_transaction_id || ': ' || p_reason
    FROM (
        SELECT
            mirrored.*,
            wallet.balance,
            -- A transaction may touch a wallet more than once: credits first, so that none dips.
            sum(effect) OVER (
                PARTITION BY mirrored.wallet_id ORDER BY effect DESC, mirrored.id ASC
                ROWS UNBOUNDED PRECEDING
            ) AS upto
        FROM (
            SELECT
                id,
                wallet_id,
                amount,
                CASE WHEN direction = 'credit' THEN 'debit' ELSE 'credit' END AS direction,
                CASE WHEN direction = 'credit' THEN -amount::BIGINT ELSE amount::BIGINT END
                    AS effect
            FROM coin_journal_entries
            WHERE ledger_transaction_id = p_transaction_id
        ) AS mirrored
        INNER JOIN user_wallet AS wallet ON wallet.wallet_id = mirrored.wallet_id
    ) AS chained
    ORDER BY wallet_id ASC, effect DESC, id ASC;

    UPDATE user_wallet AS wallet SET
        balance = wallet.balance + effect.coins,
        available_balance = wallet.available_balance + effect.coins,
        updated_at = now()
    FROM (
        SELECT
            wallet_id,
            sum(CASE WHEN direction = 'credit' THEN amount ELSE -amount END) AS coins
        FROM coin_journal_entries
        WHERE ledger_transaction_id = v_reversal_id
        GROUP BY wallet_id
    ) AS effect
    WHERE wallet.wallet_id = effect.wallet_id;

    UPDATE users AS owner SET total_coins = owner.total_coins + effect.coins
    FROM (
        SELECT
            wallet.user_id,
            sum(CASE WHEN entry.direction = 'credit' THEN entry.amount ELSE -entry.amount END)
                AS coins
        FROM coin_journal_entries AS entry
        INNER JOIN user_wallet AS wallet ON wallet.wallet_id = entry.wallet_id
        WHERE entry.ledger_transaction_id = v_reversal_id
        GROUP BY wallet.user_id
    ) AS effect
    WHERE owner.id = effect.user_id AND owner.id <> 'system';

    UPDATE coin_ledger_transactions SET status = 'closed', closed_at = now()
    WHERE id = v_reversal_id;
    RETURN v_reversal_id;
END
$$;
