-- What people hung on what a migration has made, and would go with it or keep it from going: views,
-- functions, policies, publications, keys of other tables. Triggers and rules are told of as such.
CREATE OR REPLACE FUNCTION capital_dependents()
RETURNS TABLE (dependent TEXT) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    v_going OID[] := ARRAY(
        SELECT carried_table(app.name)
        FROM (VALUES ('Prestamo'), ('PagoPrestamo')) AS app (name)
        WHERE carried_table(app.name) <> app_table(app.name)
        UNION ALL
        SELECT to_regclass('capital_movements')
    );
BEGIN
    RETURN QUERY
    SELECT pg_describe_object(classid, objid, objsubid) FROM trueup.bound_to(v_going)
    UNION
    SELECT pg_describe_object(needs.classid, needs.objid, needs.objsubid)
    FROM pg_depend AS needs
    INNER JOIN pg_attribute AS field
        ON
            needs.refclassid = 'pg_class'::REGCLASS
            AND needs.refobjid = field.attrelid
            AND needs.refobjsubid = field.attnum
    WHERE
        field.attrelid = '"Junta"'::REGCLASS
        AND field.attname IN ('current_capital', 'base_capital', 'available_capital')
        AND needs.deptype = 'n'
        AND trueup.belongs_to(needs.classid, needs.objid) = ANY(v_going) IS NOT TRUE;
END
$$;
