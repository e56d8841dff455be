-- Books the reversing entries of up to a batch of a run's entries, newest first; gives how many.
-- What has been reversed is passed over, so that it can be repeated. An entry that was queued for
-- the other ledger has its reversal queued too, unless it was refused there: it is not to learn
-- that an entry was taken back which it never had. Lock order as in every poster.
CREATE OR REPLACE FUNCTION reverse_ledger_entries(
    p_run_id TEXT, p_high_water_entry_id BIGINT, p_batch_size INTEGER
) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    v_chosen BIGINT[];
    v_reversed BIGINT;
    v_accounts TEXT[];
    v_debits NUMERIC[];
BEGIN
    SELECT array_agg(id) INTO v_chosen FROM (
        SELECT entry.id FROM ledger_entries AS entry
        WHERE
            entry.id > p_high_water_entry_id
            AND entry.run_id = p_run_id
            AND entry.reverses IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM ledger_entries AS reversal WHERE reversal.reverses = entry.id
            )
        ORDER BY entry.id DESC
        LIMIT p_batch_size
    ) AS chosen;

    PERFORM 1 FROM bank_accounts
    WHERE id IN (
        SELECT debit_account_id FROM ledger_entries WHERE id = ANY(v_chosen)
        UNION
        SELECT credit_account_id FROM ledger_entries WHERE id = ANY(v_chosen)
    )
    ORDER BY id FOR KEY SHARE;

    WITH inserted AS (
        INSERT INTO ledger_entries (
            ledger_id, debit_account_id, credit_account_id, amount, currency_code, asset_type,
            transaction_type, reference_id, timestamp_utc, fx_rate, metadata, run_id, reverses
        )
        SELECT
            ledger_id, credit_account_id, debit_account_id, amount, currency_code, asset_type,
            transaction_type, 'REVERSAL-' || id, now(), fx_rate,
            jsonb_build_object('reverses', reference_id), run_id, id
        FROM ledger_entries
        WHERE id = ANY(v_chosen)
        ORDER BY id DESC
        RETURNING id, debit_account_id, credit_account_id, amount, reference_id, reverses
    ), queued AS (
        INSERT INTO dual_ledger_outbox (entry_id, reference_id)
        SELECT inserted.id, inserted.reference_id
        FROM inserted
        INNER JOIN dual_ledger_outbox AS original ON original.entry_id = inserted.reverses
        WHERE NOT (original.status = 'FAILED' AND original.refused)
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
    INTO v_reversed, v_accounts, v_debits;

    PERFORM move_balances(v_accounts, v_debits);
    RETURN v_reversed;
END
$$;
