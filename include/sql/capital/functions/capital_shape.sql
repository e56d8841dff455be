-- What a table of the app is made of, line by line, without what a migration put on it. p_beside:
-- the table that it exchanges its name with; what is called after the exchange is told as the app
-- calls it.
CREATE OR REPLACE FUNCTION capital_shape(p_table REGCLASS, p_beside REGCLASS)
RETURNS TABLE (part TEXT, name TEXT, said TEXT) LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH ours AS (
        SELECT attrelid, attnum FROM pg_attribute
        WHERE
            attrelid = to_regclass('"Junta"')
            AND attname IN ('current_capital', 'base_capital', 'available_capital')
            AND NOT attisdropped
    ), own_name AS (
        SELECT class.oid, coalesce(
            (
                SELECT other.relname
                FROM pg_index AS made
                INNER JOIN pg_class AS other ON other.oid = made.indexrelid
                WHERE made.indrelid = p_beside AND shadow_name(other.relname) = class.relname
            ),
            class.relname
        ) AS name
        FROM pg_class AS class
        WHERE class.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = p_table)
    ), told AS (
        SELECT 'table' AS part, '' AS name, concat_ws(
            ' ', 'owned by', pg_get_userbyid(relowner), relpersistence, relrowsecurity, reloptions,
            reltablespace, relreplident
        ) AS said
        FROM pg_class
        WHERE oid = p_table
        UNION ALL
        SELECT 'grant', concat_ws(
            ' ', granted.privilege_type, 'to',
            CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(granted.grantee) END
        ), granted.is_grantable::TEXT
        FROM pg_class AS class, aclexplode(class.relacl) AS granted
        WHERE class.oid = p_table AND granted.grantee <> class.relowner
        UNION ALL
        SELECT 'column', quote_ident(field.attname), concat_ws(
            ' ', format_type(field.atttypid, field.atttypmod), field.attnotnull, field.attidentity,
            field.attgenerated, field.attcollation::REGCOLLATION, field.attacl,
            pg_get_expr(filling.adbin, filling.adrelid),
            -- Its place among those that are there: dropped ones leave gaps.
            row_number() OVER (ORDER BY field.attnum)
        )
        FROM pg_attribute AS field
        LEFT JOIN pg_attrdef AS filling
            ON filling.adrelid = field.attrelid AND filling.adnum = field.attnum
        WHERE
            field.attrelid = p_table
            AND field.attnum > 0
            AND NOT field.attisdropped
            AND (field.attrelid, field.attnum) NOT IN (SELECT attrelid, attnum FROM ours)
        UNION ALL
        -- That a column is not null, it says itself.
        SELECT
            'constraint', coalesce(own_name.name, made.conname),
            regexp_replace(pg_get_constraintdef(made.oid), ' NOT VALID$', '')
        FROM pg_constraint AS made
        LEFT JOIN own_name ON own_name.oid = made.conindid AND made.contype IN ('p', 'u', 'x')
        WHERE
            made.conrelid = p_table
            AND made.contype NOT IN ('n', 't')
            AND made.conname NOT IN (
                'Prestamo_loan_in_cents', 'Prestamo_status_known', 'PagoPrestamo_payment_in_cents'
            )
            AND NOT EXISTS (
                SELECT 1 FROM pg_depend AS needs
                WHERE
                    needs.classid = 'pg_constraint'::REGCLASS
                    AND needs.objid = made.oid
                    AND (needs.refobjid, needs.refobjsubid) IN (SELECT attrelid, attnum FROM ours)
            )
        UNION ALL
        SELECT 'index', own_name.name, concat_ws(
            ' ', made.indisunique, made.indisprimary, made.indisvalid, made.indisreplident,
            regexp_replace(pg_get_indexdef(made.indexrelid), '^.*? USING ', '')
        )
        FROM pg_index AS made
        INNER JOIN own_name ON own_name.oid = made.indexrelid
        WHERE
            made.indrelid = p_table
            AND NOT EXISTS (
                SELECT 1 FROM pg_depend AS needs
                WHERE
                    needs.classid = 'pg_class'::REGCLASS
                    AND needs.objid = made.indexrelid
                    AND (needs.refobjid, needs.refobjsubid) IN (SELECT attrelid, attnum FROM ours)
            )
        UNION ALL
        SELECT 'trigger', made.tgname, concat_ws(' ', pg_get_triggerdef(made.oid), made.tgenabled)
        FROM pg_trigger AS made
        WHERE
            made.tgrelid = p_table
            AND NOT made.tgisinternal
            AND made.tgname NOT IN (SELECT capital_trigger FROM capital_triggers() AS capital_trigger)
        UNION ALL
        SELECT 'policy', polname, concat_ws(' ', polcmd, pg_get_expr(polqual, polrelid))
        FROM pg_policy
        WHERE polrelid = p_table
    )
    SELECT
        told.part,
        told.name,
        regexp_replace(told.said, '"((Pago)?Prestamo)(New|Old)"', '"\1"', 'g')
    FROM told;
END
$$;
