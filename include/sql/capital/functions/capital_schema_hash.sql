-- Fingerprints the schema of the app's tables: columns, constraints, indexes, triggers, grants, and
-- whether anything of a migration stands beside them. The log of changes is left out: it stays
-- until the proof that it serves.
CREATE OR REPLACE FUNCTION capital_schema_hash() RETURNS TEXT LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    WITH tables AS (
        SELECT class.oid, class.relname, class.relacl, class.relowner, class.relrowsecurity
        FROM pg_class AS class
        WHERE
            class.relnamespace = 'public'::REGNAMESPACE
            AND class.relname IN ('Junta', 'Prestamo', 'PagoPrestamo', 'Accion', 'Multa')
    ), told AS (
        SELECT concat_ws(
            '|', 'table', relname, pg_get_userbyid(relowner), relacl::TEXT, relrowsecurity
        ) AS line
        FROM tables
        UNION ALL
        SELECT concat_ws(
            '|', 'column', tables.relname, attname, format_type(atttypid, atttypmod), attnotnull,
            attidentity, attgenerated, attacl::TEXT, pg_get_expr(adbin, adrelid),
            -- Its place among those that are there: dropped ones leave gaps.
            row_number() OVER (PARTITION BY attrelid ORDER BY attnum)
        )
        FROM tables
        INNER JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        UNION ALL
        SELECT concat_ws(
            '|', 'constraint', tables.relname, conname, pg_get_constraintdef(pg_constraint.oid),
            convalidated
        )
        FROM tables
        INNER JOIN pg_constraint ON conrelid = tables.oid
        UNION ALL
        SELECT concat_ws('|', 'index', tables.relname, pg_get_indexdef(indexrelid), indisvalid)
        FROM tables
        INNER JOIN pg_index ON indrelid = tables.oid
        UNION ALL
        SELECT concat_ws(
            '|', 'trigger', tables.relname, pg_get_triggerdef(pg_trigger.oid), tgenabled
        )
        FROM tables
        INNER JOIN pg_trigger
            ON
                tgrelid = tables.oid
                AND NOT tgisinternal
                AND tgname NOT IN (
                    'trueup_1_log', 'trueup_1_log_update', 'trueup_refuse_truncate'
                )
        UNION ALL
        SELECT 'beside|' || name
        FROM unnest('{
            PrestamoNew, PagoPrestamoNew, PrestamoOld, PagoPrestamoOld, capital_movements
        }'::TEXT[]) AS name
        WHERE to_regclass(format('%I', name)) IS NOT NULL
    )
    SELECT encode(
        sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line), ''), 'UTF8')), 'hex'
    )
    FROM told
$$;
