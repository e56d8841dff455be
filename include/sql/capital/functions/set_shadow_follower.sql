-- Sets the trigger by which one table follows another, row by row.
CREATE OR REPLACE FUNCTION set_shadow_follower(p_table TEXT, p_follows TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    v_columns TEXT := carried_columns(format('%I', p_table)::REGCLASS);
BEGIN
    EXECUTE format(
        'CREATE TRIGGER trueup_2_shadow AFTER INSERT OR UPDATE OR DELETE ON %I '
        'FOR EACH ROW EXECUTE FUNCTION follow_shadow(%L, %L, %L, %L)',
        p_table, p_follows, v_columns,
        carried_columns(format('%I', p_table)::REGCLASS, '($1)'),
        (
            SELECT string_agg(format('%1$s = excluded.%1$s', trim(name)), ', ')
            FROM unnest(string_to_array(v_columns, ',')) AS name
        )
    );
END
$$;
