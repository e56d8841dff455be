-- The columns of a table of the app, known to us or not, as a list; generated ones make themselves.
-- p_of: what each is taken from, such as a row; amounts are made exact.
CREATE OR REPLACE FUNCTION carried_columns(p_table REGCLASS, p_of TEXT DEFAULT NULL)
RETURNS TEXT LANGUAGE sql STABLE
RETURN (
    SELECT string_agg(
        CASE
            WHEN p_of IS NULL THEN quote_ident(attname)
            WHEN attname = 'amount' THEN format('exact_amount(%s.%I)', p_of, attname)
            ELSE format('%s.%I', p_of, attname)
        END,
        ', ' ORDER BY attnum
    )
    FROM pg_attribute
    WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
);
