-- The rows of a table in which money is exact that break a rule.
CREATE OR REPLACE FUNCTION rows_against(p_table TEXT, p_rule TEXT)
RETURNS TABLE (source_id TEXT) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT id::TEXT FROM %s WHERE NOT (%s) ORDER BY id',
        carried_table(p_table), row_rule(p_rule)
    );
END
$$;
