-- What people hung on what a migration has made, and would go with it or keep it from going: views,
-- functions, policies, publications, keys of other tables.
CREATE OR REPLACE FUNCTION capital_dependents()
RETURNS TABLE (dependent TEXT) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH going AS (
        SELECT class.oid, class.reltype, type.typarray
        FROM pg_class AS class
        INNER JOIN pg_type AS type ON type.oid = class.reltype
        WHERE class.oid IN (
            SELECT carried_table(app.name)
            FROM (VALUES ('Prestamo'), ('PagoPrestamo')) AS app (name)
            WHERE carried_table(app.name) <> app_table(app.name)
            UNION ALL
            SELECT to_regclass('capital_movements')
        )
    ), bound AS (
        SELECT needs.classid, needs.objid, needs.objsubid
        FROM pg_depend AS needs
        INNER JOIN going
            ON
                (needs.refclassid = 'pg_class'::REGCLASS AND needs.refobjid = going.oid)
                OR (
                    needs.refclassid = 'pg_type'::REGCLASS
                    AND needs.refobjid IN (going.reltype, going.typarray)
                )
        WHERE needs.deptype = 'n' OR needs.classid = 'pg_publication_rel'::REGCLASS
        UNION
        SELECT needs.classid, needs.objid, needs.objsubid
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
    )
    SELECT DISTINCT pg_describe_object(bound.classid, bound.objid, bound.objsubid)
    FROM bound
    -- What belongs to one of them goes with it; their triggers and rules are told of as such.
    WHERE NOT EXISTS (
        SELECT 1 FROM going
        WHERE going.oid IN (
            (
                SELECT conrelid FROM pg_constraint
                WHERE bound.classid = 'pg_constraint'::REGCLASS AND pg_constraint.oid = bound.objid
            ),
            (
                SELECT ev_class FROM pg_rewrite
                WHERE bound.classid = 'pg_rewrite'::REGCLASS AND pg_rewrite.oid = bound.objid
            ),
            (
                SELECT polrelid FROM pg_policy
                WHERE bound.classid = 'pg_policy'::REGCLASS AND pg_policy.oid = bound.objid
            ),
            (
                SELECT tgrelid FROM pg_trigger
                WHERE bound.classid = 'pg_trigger'::REGCLASS AND pg_trigger.oid = bound.objid
            ),
            (
                SELECT adrelid FROM pg_attrdef
                WHERE bound.classid = 'pg_attrdef'::REGCLASS AND pg_attrdef.oid = bound.objid
            )
        )
    );
END
$$;
