-- Proves the foreign keys of the shadow tables on every row that was carried over; others may
-- write.
CREATE OR REPLACE FUNCTION validate_keys() RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    v_key RECORD;
    v_validated BIGINT := 0;
BEGIN
    FOR v_key IN
        SELECT conname, conrelid::REGCLASS AS shadow
        FROM pg_constraint
        WHERE
            contype = 'f'
            AND NOT convalidated
            AND conrelid IN ('"PrestamoNew"'::REGCLASS, '"PagoPrestamoNew"'::REGCLASS)
    LOOP
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', v_key.shadow, v_key.conname);
        v_validated := v_validated + 1;
    END LOOP;
    RETURN v_validated;
END
$$;
