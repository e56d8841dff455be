-- Lists what is bound to the tables that go, and would go on using them when others have their
-- names: views, functions, policies, publications, partitions. Keys of other tables that are ours
-- to alter are carried over to the tables that are restored; others are listed.
WITH going AS (
    SELECT class.oid, class.reltype, type.typarray
    FROM pg_class AS class
    INNER JOIN pg_type AS type ON type.oid = class.reltype
    WHERE
        class.relkind IN ('r', 'p')
        AND class.relname = any(%(tables)s)
        AND pg_table_is_visible(class.oid)
), bound AS (
    SELECT DISTINCT needs.classid, needs.objid, needs.objsubid
    FROM pg_depend AS needs
    INNER JOIN going
        ON
            (needs.refclassid = 'pg_class'::REGCLASS AND needs.refobjid = going.oid)
            OR (
                needs.refclassid = 'pg_type'::REGCLASS
                AND needs.refobjid IN (going.reltype, going.typarray)
            )
    WHERE needs.deptype = 'n' OR needs.classid = 'pg_publication_rel'::REGCLASS
)
SELECT DISTINCT pg_describe_object(bound.classid, bound.objid, bound.objsubid) AS dependent
FROM bound
-- What belongs to one of them goes with it.
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
)
AND NOT EXISTS (
    SELECT 1
    FROM pg_constraint AS key
    INNER JOIN pg_class AS other ON other.oid = key.conrelid
    INNER JOIN pg_class AS target ON target.oid = key.confrelid
    WHERE
        bound.classid = 'pg_constraint'::REGCLASS
        AND key.oid = bound.objid
        AND key.contype = 'f'
        AND pg_has_role(other.relowner, 'USAGE')
        AND target.relname = any(%(restored)s)
)
ORDER BY dependent
