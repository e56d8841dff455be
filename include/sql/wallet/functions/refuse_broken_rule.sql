-- Raises a check violation in the name of a rule that no CHECK can express, when rows break it.
CREATE OR REPLACE FUNCTION refuse_broken_rule(p_table TEXT, p_rule TEXT, p_broken BIGINT)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
    IF p_broken > 0 THEN
        RAISE EXCEPTION '% rows of % break the rule %', p_broken, p_table, p_rule
        USING ERRCODE = 'check_violation', TABLE = p_table, CONSTRAINT = p_rule;
    END IF;
    RETURN TRUE;
END
$$;
