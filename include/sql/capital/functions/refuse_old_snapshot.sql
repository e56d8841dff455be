-- Refuses to take away a row whose movement is not to be seen: a transaction that began before the
-- movement was booked, and sees what was then, would leave it behind. Tried again, it sees it.
CREATE OR REPLACE FUNCTION refuse_old_snapshot(p_kind TEXT, p_row JSONB)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_word TEXT := coalesce(p_row ->> 'status', p_row ->> 'type');
BEGIN
    IF
        current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted')
        AND capital_moves(p_kind, v_word)
        AND capital_verdict(
            p_kind, v_word, (p_row ->> 'amount')::NUMERIC,
            CASE p_kind WHEN 'PAGO' THEN p_row ->> 'prestamo_id' ELSE p_row ->> 'junta_id' END,
            coalesce(p_row ->> 'created_at', p_row ->> 'date')::TIMESTAMPTZ
        ) IS NULL
    THEN
        RAISE EXCEPTION 'The movement of % % is newer than this transaction', p_kind, p_row ->> 'id'
        USING ERRCODE = 'serialization_failure', HINT = 'Try the transaction again.';
    END IF;
END
$$;
