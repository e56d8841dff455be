-- Keeps what is paid on a loan and the move of that loan to another junta apart until the
-- transaction ends: payments share the hold, a move has it alone. Else a payment would be booked
-- for the junta that its loan is just leaving. Buckets, as for juntas.
CREATE OR REPLACE FUNCTION hold_loan(p_prestamo_id TEXT, p_moves BOOLEAN)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF p_moves THEN
        PERFORM pg_advisory_xact_lock(
            hashtext('trueup capital loans'), capital_bucket(p_prestamo_id)
        );
    ELSE
        PERFORM pg_advisory_xact_lock_shared(
            hashtext('trueup capital loans'), capital_bucket(p_prestamo_id)
        );
    END IF;
END
$$;
