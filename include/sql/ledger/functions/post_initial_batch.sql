-- Posts prepared rows into the bare ledger, and moves the balances by those and by plain rows that
-- the same transaction has copied there. No key is there to ask for a replay: the ledger was empty,
-- so only a row that is repeated in the source is one.
CREATE OR REPLACE FUNCTION post_initial_batch(
    p_run_id TEXT,
    p_first_key BIGINT,
    p_last_key BIGINT,
    p_entry_id_base BIGINT,
    p_outbox BOOLEAN,
    -- What the plain rows move: accounts, and their debits less their credits.
    p_accounts TEXT[],
    p_debits NUMERIC[],
    OUT posted BIGINT,
    OUT replayed BIGINT
) LANGUAGE plpgsql AS $$
DECLARE
    v_accounts TEXT [];
    v_debits NUMERIC [];
    v_moved BIGINT;
BEGIN
    INSERT INTO ledger_entries (
        id, ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type,
        transaction_type, reference_id, timestamp_utc, fx_rate, metadata, run_id, run_line,
        content_hash
    ) OVERRIDING SYSTEM VALUE
    SELECT
        p_entry_id_base + position, ledger_id, debit_account_id, credit_account_id, amount,
        currency_code, asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata,
        run_id, position, content_hash
    FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key AND NOT repeated
    ORDER BY position;
    GET DIAGNOSTICS posted = ROW_COUNT;

    INSERT INTO dual_ledger_outbox (entry_id, reference_id)
    SELECT p_entry_id_base + position, reference_id
    FROM trueup.prepared_entries
    WHERE
        p_outbox
        AND run_id = p_run_id
        AND position BETWEEN p_first_key AND p_last_key
        AND NOT repeated
    ORDER BY position;

    SELECT count(*) INTO replayed FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key AND repeated;

    WITH legs AS (
        -- The loader adds in eight decimals; a balance shows two, or as many as it needs.
        SELECT account_id, round(debit, greatest(min_scale(debit), 2)) AS debit
        FROM unnest(p_accounts, p_debits) AS plain (account_id, debit)
        UNION ALL
        SELECT debit_account_id, amount FROM trueup.prepared_entries
        WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key AND NOT repeated
        UNION ALL
        SELECT credit_account_id, -amount FROM trueup.prepared_entries
        WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key AND NOT repeated
    ), deltas AS (
        SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
    )
    SELECT array_agg(account_id ORDER BY account_id), array_agg(debit ORDER BY account_id)
    INTO v_accounts, v_debits FROM deltas;

    v_moved := move_balances(v_accounts, v_debits);
    IF v_moved <> coalesce(cardinality(v_accounts), 0) THEN
        RAISE EXCEPTION '% accounts are to be moved, but % are in the ledger',
        cardinality(v_accounts), v_moved
        USING ERRCODE = 'foreign_key_violation';
    END IF;
END
$$;
