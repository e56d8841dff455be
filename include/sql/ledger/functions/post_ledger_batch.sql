-- Posts the prepared rows of a key range as a set: entries, balances, outbox rows, late quarantine.
-- Balances move by the rows really inserted, never by the rows offered: a retry cannot count twice.
-- Lock order: accounts shared, by id; the entries' keys, sorted; accounts to be moved, by id.
CREATE OR REPLACE FUNCTION post_ledger_batch(
    p_run_id TEXT,
    p_first_key BIGINT,
    p_last_key BIGINT,
    p_skip_duplicates BOOLEAN,
    -- The status of their outbox rows: QUEUED, or ACKED where the other ledger has them already;
    -- NULL: there are none.
    p_outbox_status TEXT,
    OUT posted BIGINT,
    OUT replayed BIGINT
) LANGUAGE plpgsql AS $$
DECLARE
    v_offered BIGINT;
    v_late BIGINT;
    v_accounts TEXT [];
    v_deltas NUMERIC [];
BEGIN
    SELECT count(*) INTO v_offered FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key;

    -- The foreign keys would take these locks too, but in the order of the keys: an application
    -- that locks accounts FOR UPDATE, by id as it should, would deadlock with that.
    PERFORM 1 FROM bank_accounts
    WHERE id IN (
        SELECT debit_account_id FROM trueup.prepared_entries
        WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key
        UNION
        SELECT credit_account_id FROM trueup.prepared_entries
        WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key
    )
    ORDER BY id FOR KEY SHARE;

    WITH inserted AS (
        INSERT INTO ledger_entries (
            ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type,
            transaction_type, reference_id, timestamp_utc, fx_rate, metadata,
            run_id, run_line, content_hash
        )
        SELECT
            ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type,
            transaction_type, reference_id, timestamp_utc, fx_rate, metadata,
            run_id, position, content_hash
        FROM trueup.prepared_entries
        WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key
        ORDER BY ledger_id, reference_id, position
        ON CONFLICT (ledger_id, reference_id) DO NOTHING
        RETURNING id, debit_account_id, credit_account_id, amount, reference_id
    ), queued AS (
        INSERT INTO dual_ledger_outbox (entry_id, reference_id, status)
        SELECT id, reference_id, p_outbox_status FROM inserted WHERE p_outbox_status IS NOT NULL
    ), legs AS (
        SELECT debit_account_id AS account_id, amount AS debit FROM inserted
        UNION ALL
        SELECT credit_account_id, -amount FROM inserted
    ), deltas AS (
        SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
    )
    SELECT
        (SELECT count(*) FROM inserted),
        (SELECT array_agg(account_id ORDER BY account_id) FROM deltas),
        (SELECT array_agg(debit ORDER BY account_id) FROM deltas)
    INTO posted, v_accounts, v_deltas;

    PERFORM move_balances(v_accounts, v_deltas);

    replayed := 0;
    IF posted = v_offered THEN
        RETURN;
    END IF;

    -- Some keys stood in the ledger already, or twice in this range: same content or not?
    WITH standing AS (
        SELECT
            offered.position,
            entry.reference_id,
            trueup.same_content(entry, offered) AS same_content,
            offered
        FROM trueup.prepared_entries AS offered
        INNER JOIN ledger_entries AS entry USING (ledger_id, reference_id)
        WHERE
            offered.run_id = p_run_id
            AND offered.position BETWEEN p_first_key AND p_last_key
            AND (entry.run_id, entry.run_line)
            IS DISTINCT FROM (offered.run_id, offered.position)
    ), late AS (
        INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
        SELECT
            p_run_id,
            standing.position,
            'post',
            CASE WHEN same_content THEN 'duplicate_reference' ELSE 'conflicting_duplicate' END,
            format(
                CASE
                    WHEN same_content THEN 'Reference %s was posted before; skip_duplicates is off.'
                    ELSE 'Reference %s was posted meanwhile with another content.'
                END,
                standing.reference_id
            ),
            -- A plain row is not staged; its fields are all that it said.
            coalesce(staged.raw, trueup.prepared_fields(standing.offered)::TEXT),
            CASE
                WHEN staged.raw IS NULL THEN trueup.prepared_fields(standing.offered)
                ELSE trueup.staged_fields(staged, standing.reference_id)
            END
        FROM standing
        LEFT JOIN trueup.staged_entries AS staged
            ON staged.run_id = p_run_id AND staged.position = standing.position
        WHERE NOT (same_content AND p_skip_duplicates)
        RETURNING quarantine.position
    )
    SELECT
        count(*) FILTER (WHERE same_content AND p_skip_duplicates),
        (SELECT count(*) FROM late)
    INTO replayed, v_late FROM standing;

    IF posted + replayed + v_late <> v_offered THEN
        -- A standing entry vanished between two statements; a retry sees one of the two worlds.
        RAISE EXCEPTION 'The ledger changed under the batch: % rows offered, % settled',
        v_offered, posted + replayed + v_late
        USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;
