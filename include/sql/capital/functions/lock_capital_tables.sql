-- Locks tables as soon as nobody holds them, and gives up for a moment whenever that takes longer
-- than a tenth of a second: whoever queues behind us waits no longer, and as the server looks for
-- deadlocks only after a second, nobody is ever killed over us. Who keeps them is named in the end:
-- an autovacuum makes way only for those who wait for a second, which is what we do not.
CREATE OR REPLACE FUNCTION lock_capital_tables(p_mode TEXT, p_tables TEXT[], p_seconds NUMERIC)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_until TIMESTAMPTZ := clock_timestamp() + p_seconds * INTERVAL '1 second';
    v_former TEXT := current_setting('lock_timeout');
BEGIN
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '100ms', TRUE);
            EXECUTE format(
                'LOCK TABLE %s IN %s MODE',
                (SELECT string_agg(quote_ident(name), ', ') FROM unnest(p_tables) AS name), p_mode
            );
            PERFORM set_config('lock_timeout', v_former, TRUE);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF clock_timestamp() > v_until THEN
                RAISE EXCEPTION
                'Other sessions have kept the tables % for % seconds, now %',
                array_to_string(p_tables, ', '), p_seconds, coalesce(
                    (SELECT string_agg(keeper, ', ') FROM keepers_of(p_tables) AS keeper), 'none'
                )
                USING
                    ERRCODE = 'lock_not_available',
                    HINT = 'End long transactions on them, or set cancel_sessions; wait for an '
                    'autovacuum, or cancel it.';
            END IF;
            PERFORM pg_sleep(0.05 + random() * 0.1);
        END;
    END LOOP;
END
$$;
