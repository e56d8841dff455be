-- Holds the juntas of a batch's rows alone until the transaction ends: no writer of theirs is under
-- way then, and no loan that was paid moves to another junta. A batch never waits while it holds
-- something, so it cannot be in a deadlock with writers; when one is under way, it lets go and
-- tries again.
CREATE OR REPLACE FUNCTION hold_juntas(p_run_id TEXT, p_first_key BIGINT, p_last_key BIGINT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_until TIMESTAMPTZ := clock_timestamp() + INTERVAL '10 seconds';
    v_bucket INTEGER;
    v_held BOOLEAN;
BEGIN
    LOOP
        v_held := TRUE;
        BEGIN
            FOR v_bucket IN
                SELECT DISTINCT capital_bucket(junta_id)
                FROM trueup.staged_entries
                WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key
                ORDER BY 1
            LOOP
                IF NOT pg_try_advisory_xact_lock(hashtext('trueup capital'), v_bucket) THEN
                    -- Back to where nothing was held.
                    RAISE EXCEPTION 'A writer is under way' USING ERRCODE = 'lock_not_available';
                END IF;
            END LOOP;
            FOR v_bucket IN
                SELECT DISTINCT capital_bucket(prestamo_id)
                FROM trueup.staged_entries
                WHERE
                    run_id = p_run_id
                    AND position BETWEEN p_first_key AND p_last_key
                    AND kind = 'PAGO'
                ORDER BY 1
            LOOP
                IF NOT pg_try_advisory_xact_lock_shared(
                    hashtext('trueup capital loans'), v_bucket
                ) THEN
                    RAISE EXCEPTION 'A loan moves' USING ERRCODE = 'lock_not_available';
                END IF;
            END LOOP;
        EXCEPTION WHEN lock_not_available THEN
            v_held := FALSE;
        END;
        EXIT WHEN v_held;
        IF clock_timestamp() > v_until THEN
            RAISE EXCEPTION
            'Transactions of others have been changing juntas of the batch for ten seconds'
            USING ERRCODE = 'lock_not_available';
        END IF;
        PERFORM pg_sleep(0.005 + random() * 0.02);
    END LOOP;
END
$$;
