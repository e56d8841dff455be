-- Gives the app's name to another table, which is there under p_other; what had it is called
-- p_aside from then on. Their indexes swap names, so that the app finds those, too; twice is the
-- way back.
CREATE OR REPLACE FUNCTION swap_capital_tables(p_table TEXT, p_other TEXT, p_aside TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_index RECORD;
BEGIN
    FOR v_index IN
        SELECT class.relname AS name, shadow_name(class.relname) AS other_name
        FROM pg_index AS made
        INNER JOIN pg_class AS class ON class.oid = made.indexrelid
        WHERE
            made.indrelid = format('%I', p_table)::REGCLASS
            AND to_regclass(format('%I', shadow_name(class.relname))) IS NOT NULL
    LOOP
        EXECUTE format('ALTER INDEX %I RENAME TO "trueup swapping"', v_index.name);
        EXECUTE format('ALTER INDEX %I RENAME TO %I', v_index.other_name, v_index.name);
        EXECUTE format('ALTER INDEX "trueup swapping" RENAME TO %I', v_index.other_name);
    END LOOP;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', p_table, p_aside);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', p_other, p_table);
END
$$;
