-- Lists what is bound to the tables that go, and would go on using them when others have their
-- names: views, functions, policies, publications, partitions. Keys of other tables that are ours
-- to alter are carried over to the tables that are restored; others are listed.
WITH going AS (
    SELECT array_agg(oid) AS tables
    FROM pg_class
    WHERE relkind IN ('r', 'p') AND relname = any(%(tables)s) AND pg_table_is_visible(oid)
)
SELECT DISTINCT pg_describe_object(bound.classid, bound.objid, bound.objsubid) AS dependent
FROM going CROSS JOIN LATERAL trueup.bound_to(going.tables) AS bound
WHERE NOT EXISTS (
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
