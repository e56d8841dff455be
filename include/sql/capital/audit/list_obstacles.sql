-- Says what stands in the way of a migration that has not begun: what the app hung on the tables
-- that are exchanged and that a copy of them would not have, and names that are taken.
WITH exchanged AS (
    SELECT class.oid, class.relname, class.relkind, class.relrowsecurity
    FROM pg_class AS class
    WHERE class.oid IN ('"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS)
)
SELECT obstacle
FROM (
    SELECT 1 AS part, format('"%%s" is no plain table.', relname) AS obstacle
    FROM exchanged WHERE relkind <> 'r'
    UNION ALL
    SELECT 1, format('"%%s" inherits or is inherited from, as partitions are.', relname)
    FROM exchanged
    WHERE EXISTS (
        SELECT 1 FROM pg_inherits
        WHERE exchanged.oid IN (pg_inherits.inhrelid, pg_inherits.inhparent)
    )
    UNION ALL
    SELECT DISTINCT 2, format(
        'The view %%s reads "%%s" and would go on reading the old table.',
        rule.ev_class::REGCLASS, exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_depend AS needs
        ON
            needs.refclassid = 'pg_class'::REGCLASS
            AND needs.refobjid = exchanged.oid
            AND needs.classid = 'pg_rewrite'::REGCLASS
    INNER JOIN pg_rewrite AS rule ON rule.oid = needs.objid AND rule.ev_class <> exchanged.oid
    UNION ALL
    SELECT 2, format('There is a rule %%s on "%%s".', rule.rulename, exchanged.relname)
    FROM exchanged
    INNER JOIN pg_rewrite AS rule ON rule.ev_class = exchanged.oid
    UNION ALL
    SELECT DISTINCT 2, format(
        'The function %%s is bound to "%%s" and would go on reading the old table.',
        needs.objid::REGPROCEDURE, exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_depend AS needs
        ON
            needs.refclassid = 'pg_class'::REGCLASS
            AND needs.refobjid = exchanged.oid
            AND needs.classid = 'pg_proc'::REGCLASS
    UNION ALL
    SELECT 3, format('"%%s" has row-level security.', relname)
    FROM exchanged
    WHERE
        relrowsecurity
        OR EXISTS (SELECT 1 FROM pg_policy WHERE pg_policy.polrelid = exchanged.oid)
    UNION ALL
    SELECT 4, format(
        'The key %%s of %%s leads to "%%s" and would go on leading to the old table.',
        key.conname, key.conrelid::REGCLASS, exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_constraint AS key
        ON
            key.confrelid = exchanged.oid
            AND key.conrelid NOT IN ('"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS)
    UNION ALL
    SELECT 5, format('There is a trigger %%s on "%%s".', made.tgname, exchanged.relname)
    FROM exchanged
    INNER JOIN pg_trigger AS made ON made.tgrelid = exchanged.oid AND NOT made.tgisinternal
    UNION ALL
    SELECT 6, format('"%%s" is in the publication %%s.', exchanged.relname, publication.pubname)
    FROM exchanged
    INNER JOIN pg_publication_rel AS published ON published.prrelid = exchanged.oid
    INNER JOIN pg_publication AS publication ON publication.oid = published.prpubid
    UNION ALL
    SELECT 7, format('"%%s" has the exclusion constraint %%s.', exchanged.relname, made.conname)
    FROM exchanged
    INNER JOIN pg_constraint AS made ON made.conrelid = exchanged.oid AND made.contype = 'x'
    UNION ALL
    SELECT 7, format('"%%s".%%s is an identity column.', exchanged.relname, field.attname)
    FROM exchanged
    INNER JOIN pg_attribute AS field
        ON field.attrelid = exchanged.oid AND field.attnum > 0 AND field.attidentity <> ''
    UNION ALL
    SELECT 7, format(
        'There are grants on the single column "%%s".%%s.', exchanged.relname, field.attname
    )
    FROM exchanged
    INNER JOIN pg_attribute AS field
        ON field.attrelid = exchanged.oid AND field.attnum > 0 AND field.attacl IS NOT NULL
    UNION ALL
    SELECT 8, format('"%%s" has no column amount that is a number.', wanted.name)
    FROM unnest('{Prestamo,PagoPrestamo,Accion,Multa}'::TEXT[]) AS wanted (name)
    WHERE NOT EXISTS (
        SELECT 1 FROM pg_attribute
        WHERE
            attrelid = format('%%I', wanted.name)::REGCLASS
            AND attname = 'amount'
            AND NOT attisdropped
            AND atttypid IN (
                'float8'::REGTYPE, 'float4'::REGTYPE, 'numeric'::REGTYPE, 'int4'::REGTYPE,
                'int8'::REGTYPE
            )
    )
    UNION ALL
    SELECT 9, format('There is a table "%%s" already.', wanted.name)
    FROM unnest('{
        PrestamoNew, PagoPrestamoNew, PrestamoOld, PagoPrestamoOld, capital_movements
    }'::TEXT[]) AS wanted (name)
    WHERE to_regclass(format('%%I', wanted.name)) IS NOT NULL
    UNION ALL
    SELECT 9, format('"Junta" has a column %%s already.', attname)
    FROM pg_attribute
    WHERE
        attrelid = '"Junta"'::REGCLASS
        AND attname IN ('current_capital', 'base_capital', 'available_capital')
        AND NOT attisdropped
) AS obstacles
WHERE NOT EXISTS (SELECT 1 FROM trueup.capital_migrations WHERE closed_at IS NULL)
UNION ALL
SELECT format(
    CASE
        WHEN cut_over_at IS NULL
            THEN 'Run %%s has begun a migration; resume it, or take it back with the DAG rollback.'
        ELSE
            'There is nothing to do: run %%s has cut over, and capital is tracked. The DAG '
            'rollback takes it back.'
    END,
    run_id
)
FROM trueup.capital_migrations
WHERE closed_at IS NULL AND run_id <> %(run_id)s
ORDER BY obstacle
