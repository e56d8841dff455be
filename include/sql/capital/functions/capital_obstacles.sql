-- Says what the app hung on the tables that are exchanged and a copy of them would not have. It is
-- asked before a migration begins, and under the lock of the cutover; what the migration itself has
-- set on them is passed over.
CREATE OR REPLACE FUNCTION capital_obstacles()
RETURNS TABLE (obstacle TEXT) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    WITH exchanged AS (
        SELECT
            class.oid, class.relname, class.relkind, class.relrowsecurity, class.reltype,
            class.reloptions, class.reltablespace, class.relreplident, class.relnamespace,
            type.typarray
        FROM pg_class AS class
        INNER JOIN pg_type AS type ON type.oid = class.reltype
        WHERE class.oid IN ('"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS)
    )
    SELECT format('"%s" is no plain table.', relname)
    FROM exchanged WHERE relkind <> 'r'
    UNION ALL
    SELECT format('"%s" inherits or is inherited from, as partitions are.', relname)
    FROM exchanged
    WHERE EXISTS (
        SELECT 1 FROM pg_inherits
        WHERE exchanged.oid IN (pg_inherits.inhrelid, pg_inherits.inhparent)
    )
    UNION ALL
    SELECT DISTINCT format(
        'The view %s reads "%s" and would go on reading the old table.',
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
    SELECT format('There is a rule %s on "%s".', rule.rulename, exchanged.relname)
    FROM exchanged
    INNER JOIN pg_rewrite AS rule ON rule.ev_class = exchanged.oid
    UNION ALL
    SELECT DISTINCT format(
        'The function %s is bound to "%s" and would go on reading the old table.',
        needs.objid::REGPROCEDURE, exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_depend AS needs
        ON
            needs.refclassid = 'pg_class'::REGCLASS
            AND needs.refobjid = exchanged.oid
            AND needs.classid = 'pg_proc'::REGCLASS
    UNION ALL
    SELECT DISTINCT format(
        'The %s is bound to the type of a row of "%s" and would stay with the old table.',
        pg_describe_object(needs.classid, needs.objid, needs.objsubid), exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_depend AS needs
        ON
            needs.refclassid = 'pg_type'::REGCLASS
            AND needs.refobjid IN (exchanged.reltype, exchanged.typarray)
            AND needs.deptype = 'n'
    UNION ALL
    SELECT format('"%s" has row-level security.', relname)
    FROM exchanged
    WHERE
        relrowsecurity
        OR EXISTS (SELECT 1 FROM pg_policy WHERE pg_policy.polrelid = exchanged.oid)
    UNION ALL
    SELECT format(
        'The key %s of %s leads to "%s" and would go on leading to the old table.',
        key.conname, key.conrelid::REGCLASS, exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_constraint AS key
        ON
            key.confrelid = exchanged.oid
            AND key.conrelid NOT IN ('"Prestamo"'::REGCLASS, '"PagoPrestamo"'::REGCLASS)
    UNION ALL
    SELECT format('There is a trigger %s on "%s".', made.tgname, exchanged.relname)
    FROM exchanged
    INNER JOIN pg_trigger AS made ON made.tgrelid = exchanged.oid AND NOT made.tgisinternal
    WHERE
        made.tgname NOT IN (SELECT capital_trigger FROM capital_triggers() AS capital_trigger)
        OR NOT EXISTS (SELECT 1 FROM trueup.capital_migrations WHERE closed_at IS NULL)
    UNION ALL
    SELECT format('"%s" is in the publication %s.', exchanged.relname, publication.pubname)
    FROM exchanged
    INNER JOIN pg_publication AS publication
        ON
            publication.puballtables
            OR EXISTS (
                SELECT 1 FROM pg_publication_rel AS published
                WHERE
                    published.prpubid = publication.oid AND published.prrelid = exchanged.oid
            )
            OR EXISTS (
                SELECT 1 FROM pg_publication_namespace AS published
                WHERE
                    published.pnpubid = publication.oid
                    AND published.pnnspid = exchanged.relnamespace
            )
    UNION ALL
    SELECT format('"%s" has the exclusion constraint %s.', exchanged.relname, made.conname)
    FROM exchanged
    INNER JOIN pg_constraint AS made ON made.conrelid = exchanged.oid AND made.contype = 'x'
    UNION ALL
    SELECT format(
        '"%s" has the unique constraint %s, of which the copy would be a bare index. Replace it by '
        'a unique index.',
        exchanged.relname, made.conname
    )
    FROM exchanged
    INNER JOIN pg_constraint AS made ON made.conrelid = exchanged.oid AND made.contype = 'u'
    UNION ALL
    SELECT format('"%s".%s is an identity column.', exchanged.relname, field.attname)
    FROM exchanged
    INNER JOIN pg_attribute AS field
        ON field.attrelid = exchanged.oid AND field.attnum > 0 AND field.attidentity <> ''
    UNION ALL
    SELECT format(
        '"%s".%s is generated from the amount, which gets another type.',
        exchanged.relname, field.attname
    )
    FROM exchanged
    INNER JOIN pg_attribute AS amount
        ON amount.attrelid = exchanged.oid AND amount.attname = 'amount'
    INNER JOIN pg_attribute AS field
        ON field.attrelid = exchanged.oid AND field.attnum > 0 AND field.attgenerated <> ''
    INNER JOIN pg_attrdef AS filling
        ON filling.adrelid = field.attrelid AND filling.adnum = field.attnum
    WHERE EXISTS (
        SELECT 1 FROM pg_depend AS needs
        WHERE
            needs.refclassid = 'pg_class'::REGCLASS
            AND needs.refobjid = exchanged.oid
            AND needs.refobjsubid = amount.attnum
            AND (
                (needs.classid = 'pg_attrdef'::REGCLASS AND needs.objid = filling.oid)
                OR (
                    needs.classid = 'pg_class'::REGCLASS
                    AND needs.objid = exchanged.oid
                    AND needs.objsubid = field.attnum
                )
            )
    )
    UNION ALL
    SELECT format(
        'The sequence %s belongs to "%s" and would go with the old table.',
        needs.objid::REGCLASS, exchanged.relname
    )
    FROM exchanged
    INNER JOIN pg_depend AS needs
        ON
            needs.refclassid = 'pg_class'::REGCLASS
            AND needs.refobjid = exchanged.oid
            AND needs.classid = 'pg_class'::REGCLASS
            AND needs.deptype = 'a'
    INNER JOIN pg_class AS sequence ON sequence.oid = needs.objid AND sequence.relkind = 'S'
    UNION ALL
    SELECT format(
        'There are grants on the single column "%s".%s.', exchanged.relname, field.attname
    )
    FROM exchanged
    INNER JOIN pg_attribute AS field
        ON field.attrelid = exchanged.oid AND field.attnum > 0 AND field.attacl IS NOT NULL
    UNION ALL
    SELECT format('"%s" has %s.', exchanged.relname, setting.said)
    FROM exchanged
    CROSS JOIN LATERAL (VALUES
        (
            'the settings ' || array_to_string(exchanged.reloptions, ', '),
            exchanged.reloptions IS NOT NULL
        ),
        ('a tablespace of its own', exchanged.reltablespace <> 0),
        ('a replica identity of its own', exchanged.relreplident <> 'd'),
        ('a comment', obj_description(exchanged.oid, 'pg_class') IS NOT NULL),
        ('a comment on one of its indexes', EXISTS (
            SELECT 1 FROM pg_index
            WHERE
                indrelid = exchanged.oid AND obj_description(indexrelid, 'pg_class') IS NOT NULL
        ))
    ) AS setting (said, is_so)
    WHERE setting.is_so;
END
$$;
