-- Loans and payments that do not stand beside the old table as they stand in it, whatever columns
-- the app has. None where nothing stands beside. Where all is well, two passes over sums of hashes
-- say so: nobody need wait for a comparison row by row.
CREATE OR REPLACE FUNCTION shadow_differences()
RETURNS TABLE (table_name TEXT, row_id TEXT, old_row TEXT, new_row TEXT)
LANGUAGE plpgsql STABLE SET extra_float_digits = 1 AS $$
DECLARE
    v_name TEXT;
    v_old REGCLASS;
    v_new REGCLASS;
    v_columns TEXT;
    v_equal BOOLEAN;
BEGIN
    FOREACH v_name IN ARRAY '{Prestamo,PagoPrestamo}'::TEXT[] LOOP
        v_old := app_table(v_name);
        v_new := carried_table(v_name);
        CONTINUE WHEN v_old = v_new;
        v_columns := shadow_columns(v_old, v_new);
        EXECUTE format(
            $sql$
            SELECT
                (SELECT ROW(count(*), sum(hashtextextended(ROW(%1$s)::TEXT, 0))) FROM %2$s AS live)
                = (SELECT ROW(count(*), sum(hashtextextended(ROW(%1$s)::TEXT, 0))) FROM %3$s AS live)
            $sql$,
            v_columns, v_old, v_new
        ) INTO v_equal;
        -- Of two empty tables nothing is said; it is NULL.
        CONTINUE WHEN v_equal;
        RETURN QUERY EXECUTE format(
            $sql$
            SELECT %1$L, coalesce(old.id, new.id), old.said, new.said
            FROM (SELECT live.id, ROW(%2$s)::TEXT AS said FROM %3$s AS live) AS old
            FULL JOIN (SELECT live.id, ROW(%2$s)::TEXT AS said FROM %4$s AS live) AS new
                ON new.id = old.id
            WHERE new.said IS DISTINCT FROM old.said
            $sql$,
            v_name, v_columns, v_old, v_new
        );
    END LOOP;
END
$$;
