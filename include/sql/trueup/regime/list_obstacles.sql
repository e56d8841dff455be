-- Lists, in words, what stands against baring these tables, apart from rows in them.
SELECT format('session %%s (%%s, %%s) is connected', pid, usename, application_name) AS obstacle
FROM pg_stat_activity
WHERE
    datname = current_database()
    AND pid <> pg_backend_pid()
    -- What a role may not see of others is NULL; workers of the server's own have no user.
    AND usesysid IS NOT NULL
    AND coalesce(backend_type, 'client backend') = 'client backend'
    AND coalesce(application_name, '') NOT LIKE 'trueup %%'
UNION ALL
SELECT format('%%s belongs to %%s', oid::REGCLASS, pg_get_userbyid(relowner))
FROM pg_class
WHERE oid = ANY(%(tables)s::REGCLASS[]) AND NOT pg_has_role(relowner, 'USAGE')
UNION ALL
SELECT format('%%s is no plain table', oid::REGCLASS)
FROM pg_class
WHERE
    oid = ANY(%(tables)s::REGCLASS[])
    AND (relkind <> 'r' OR relhassubclass OR relispartition OR relreplident = 'i')
UNION ALL
SELECT format('%%s refers to %%s', conrelid::REGCLASS, confrelid::REGCLASS)
FROM pg_constraint
WHERE
    confrelid = ANY(%(tables)s::REGCLASS[])
    AND conrelid <> ALL(%(tables)s::REGCLASS[])
UNION ALL
SELECT format('%%s has an exclusion constraint', conrelid::REGCLASS)
FROM pg_constraint
WHERE conrelid = ANY(%(tables)s::REGCLASS[]) AND contype = 'x'
UNION ALL
-- A view that is grouped by a key, say: the key could not be taken away.
SELECT DISTINCT format(
    '%%s depends on %%s of %%s',
    pg_describe_object(depending.classid, depending.objid, 0), needed.conname,
    needed.conrelid::REGCLASS
)
FROM pg_depend AS depending
INNER JOIN pg_constraint AS needed
    ON
        depending.refclassid = 'pg_constraint'::REGCLASS
        AND depending.refobjid = needed.oid
WHERE needed.conrelid = ANY(%(tables)s::REGCLASS[]) AND depending.deptype = 'n'
