-- Applies a rule to the rows that come from now on; those that stand are checked afterwards, while
-- others write. Locks as briefly as it can, and in the order in which writers do: what a key leads
-- to, then the table itself. p_refers_to: the table that a foreign key leads to.
CREATE OR REPLACE FUNCTION add_capital_rule(
    p_table TEXT, p_rule TEXT, p_body TEXT, p_refers_to TEXT DEFAULT NULL
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_table REGCLASS := carried_table(p_table);
    v_other REGCLASS := carried_table(p_refers_to);
    v_names TEXT[];
BEGIN
    SELECT array_agg(relname ORDER BY oid = v_table) INTO v_names
    FROM pg_class WHERE oid IN (v_table, v_other);
    PERFORM lock_capital_tables(
        CASE WHEN p_refers_to IS NULL THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE ROW EXCLUSIVE' END,
        v_names, 60
    );
    EXECUTE format(
        'ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID',
        v_table, p_table || '_' || p_rule, format(p_body, v_other)
    );
END
$$;
