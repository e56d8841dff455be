-- Sets the trigger by which one table follows another, row by row; generated columns make
-- themselves.
CREATE OR REPLACE FUNCTION set_shadow_follower(p_table TEXT, p_follows TEXT)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER trueup_2_shadow AFTER INSERT OR UPDATE OR DELETE ON %I '
        'FOR EACH ROW EXECUTE FUNCTION follow_shadow(%L, %L)',
        p_table, p_follows,
        (
            SELECT array_agg(attname ORDER BY attnum)::TEXT
            FROM pg_attribute
            WHERE
                attrelid = format('%I', p_table)::REGCLASS
                AND attnum > 0
                AND NOT attisdropped
                AND attgenerated = ''
        )
    );
END
$$;
