-- Creates the lots of a key range as a set, and tells what it found: lots of the same content are
-- replayed, those of another one quarantined.
-- Lock order: users shared, by id, as a release takes them; then the lots' keys, sorted.
CREATE OR REPLACE FUNCTION post_vesting_lots(
    p_run_id TEXT,
    p_first_key BIGINT,
    p_last_key BIGINT,
    OUT posted BIGINT,
    OUT replayed BIGINT
) LANGUAGE plpgsql AS $$
DECLARE
    v_offered BIGINT;
    v_late BIGINT;
BEGIN
    SELECT count(*) INTO v_offered FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key;

    PERFORM 1 FROM users
    WHERE id IN (
        SELECT user_id FROM trueup.prepared_entries
        WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key
    )
    ORDER BY id FOR KEY SHARE;

    INSERT INTO vault_vesting_lots (
        vault_id, vault_code, user_id, currency, deposit_day, release_day, amount,
        released_amount, status, source_operation_id, run_id, run_line
    )
    SELECT
        vault_id, vault_code, user_id, currency, deposit_day, release_day, amount,
        0, 'VESTED', source_operation_id, run_id, position
    FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key
    ORDER BY source_operation_id
    ON CONFLICT (source_operation_id) DO NOTHING;
    GET DIAGNOSTICS posted = ROW_COUNT;

    replayed := 0;
    IF posted = v_offered THEN
        RETURN;
    END IF;

    WITH standing AS (
        SELECT offered.position, vesting_lot_is(lot, offered) AS same_content
        FROM trueup.prepared_entries AS offered
        INNER JOIN vault_vesting_lots AS lot USING (source_operation_id)
        WHERE
            offered.run_id = p_run_id
            AND offered.position BETWEEN p_first_key AND p_last_key
            AND (lot.run_id, lot.run_line) IS DISTINCT FROM (offered.run_id, offered.position)
    ), late AS (
        INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
        SELECT
            p_run_id,
            standing.position,
            'post',
            'conflicting_duplicate',
            format(
                'Operation %s: a lot of another content was made of it meanwhile.',
                staged.operation_id
            ),
            staged.raw,
            vesting_fields(
                staged.operation_id, staged.user_id, staged.amount,
                coalesce(staged.currency_code, staged.entry_currency), staged.deposited_at
            )
        FROM standing
        INNER JOIN trueup.staged_entries AS staged
            ON staged.run_id = p_run_id AND staged.position = standing.position
        WHERE NOT standing.same_content
        RETURNING quarantine.position
    )
    SELECT count(*) FILTER (WHERE same_content), (SELECT count(*) FROM late)
    INTO replayed, v_late FROM standing;

    IF posted + replayed + v_late <> v_offered THEN
        -- A standing lot vanished between two statements; a retry sees one of the two worlds.
        RAISE EXCEPTION 'The lots changed under the batch: % deposits offered, % settled',
        v_offered, posted + replayed + v_late
        USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;
