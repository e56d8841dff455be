-- Keeps a writer of a junta and the batches of a migration apart until the transaction ends:
-- writers share the hold among themselves, a batch has it alone or tries again (hold_juntas).
-- Buckets, for the server's table of locks is small and there are many juntas.
CREATE OR REPLACE FUNCTION hold_capital(p_junta_id TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(
        hashtext('trueup capital'), capital_bucket(p_junta_id)
    );
END
$$;
