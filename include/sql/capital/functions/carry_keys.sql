-- Gives the shadow tables the foreign keys that the app's tables have, for new rows only: those
-- that were carried over are proved by validate_keys, while others write.
CREATE OR REPLACE FUNCTION carry_keys(p_seconds NUMERIC) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_key RECORD;
BEGIN
    FOR v_key IN
        SELECT
            key.conname,
            own.relname || 'New' AS shadow,
            other.relname AS other,
            regexp_replace(
                CASE
                    WHEN other.relname IN ('Prestamo', 'PagoPrestamo') THEN regexp_replace(
                        pg_get_constraintdef(key.oid),
                        format('REFERENCES (public\.)?"%s"', other.relname),
                        format('REFERENCES "%sNew"', other.relname)
                    )
                    ELSE pg_get_constraintdef(key.oid)
                END,
                ' NOT VALID$', ''
            ) AS body
        FROM pg_constraint AS key
        INNER JOIN pg_class AS own ON own.oid = key.conrelid
        INNER JOIN pg_class AS other ON other.oid = key.confrelid
        WHERE
            key.contype = 'f'
            AND key.conrelid IN ('"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS)
            AND NOT EXISTS (
                SELECT 1 FROM pg_constraint AS carried
                WHERE
                    carried.conname = key.conname
                    AND carried.conrelid = format('%I', own.relname || 'New')::REGCLASS
            )
        ORDER BY own.relname, key.conname
    LOOP
        PERFORM lock_capital_tables(
            'SHARE ROW EXCLUSIVE',
            ARRAY[
                v_key.shadow,
                v_key.other || CASE
                    WHEN v_key.other IN ('Prestamo', 'PagoPrestamo') THEN 'New' ELSE ''
                END
            ],
            p_seconds
        );
        EXECUTE format(
            'ALTER TABLE %I ADD CONSTRAINT %I %s NOT VALID', v_key.shadow, v_key.conname, v_key.body
        );
    END LOOP;
END
$$;
