-- Tries to write a value that a rule must refuse: into a row that stands, or, where there is none,
-- into a copy of the empty table, for nobody knows what else a row of the app must have.
CREATE OR REPLACE FUNCTION break_capital_rule(
    p_table TEXT, p_rule TEXT, p_column TEXT, p_value TEXT
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_table REGCLASS := carried_table(p_table);
    v_touched BIGINT;
    v_other TEXT;
BEGIN
    EXECUTE format(
        'UPDATE %1$s SET %2$I = %3$L WHERE ctid = (SELECT ctid FROM %1$s LIMIT 1)',
        v_table, p_column, p_value
    );
    GET DIAGNOSTICS v_touched = ROW_COUNT;
    IF v_touched > 0 THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TEMPORARY TABLE probe (LIKE %s INCLUDING CONSTRAINTS) ON COMMIT DROP', v_table
    );
    FOR v_other IN
        SELECT format('ALTER COLUMN %I DROP NOT NULL', attname) FROM pg_attribute
        WHERE attrelid = 'pg_temp.probe'::REGCLASS AND attnum > 0 AND attnotnull
        UNION ALL
        SELECT format('DROP CONSTRAINT %I', conname) FROM pg_constraint
        WHERE
            conrelid = 'pg_temp.probe'::REGCLASS
            AND contype = 'c'
            AND conname <> p_table || '_' || p_rule
    LOOP
        EXECUTE 'ALTER TABLE pg_temp.probe ' || v_other;
    END LOOP;
    EXECUTE format('INSERT INTO pg_temp.probe (%I) VALUES (%L)', p_column, p_value);
END
$$;
