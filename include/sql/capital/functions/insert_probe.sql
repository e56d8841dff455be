-- Writes a row into a table of the app as the app would: what is given, and of columns that only
-- the app knows what another row has there.
CREATE OR REPLACE FUNCTION insert_probe(p_table TEXT, p_given JSONB)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I (%2$s) SELECT %2$s '
        'FROM jsonb_populate_record('
        '(SELECT (model.*)::%1$I FROM %1$I AS model LIMIT 1), $1)',
        p_table, carried_columns(format('%I', p_table)::REGCLASS)
    ) USING jsonb_build_object(
        'created_at', now(), 'date', now(),
        'current_capital', 0, 'base_capital', 0, 'available_capital', 0
    ) || p_given;
END
$$;
