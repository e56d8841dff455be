-- Checks every row that stands against a rule; others may write.
CREATE OR REPLACE FUNCTION validate_capital_rule(p_table TEXT, p_rule TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE %s VALIDATE CONSTRAINT %I', carried_table(p_table), p_table || '_' || p_rule
    );
END
$$;
