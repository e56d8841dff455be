-- Lists the tables that hold the app's rows, and which of them are the system's; extensions fill
-- their own.
SELECT
    schema.nspname AS schema_name,
    class.relname AS table_name,
    format('%%I.%%I', schema.nspname, class.relname) AS full_name,
    has_schema_privilege(schema.oid, 'USAGE')
    AND has_table_privilege(class.oid, 'SELECT') AS readable,
    class.relname = any(%(tables)s) AND pg_table_is_visible(class.oid) AS of_system,
    pg_total_relation_size(class.oid) AS bytes
FROM pg_class AS class
INNER JOIN pg_namespace AS schema ON schema.oid = class.relnamespace
WHERE
    class.relkind = 'r'
    AND schema.nspname NOT IN ('trueup', 'information_schema')
    AND NOT starts_with(schema.nspname, 'pg_')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS depend
        WHERE
            depend.classid = 'pg_class'::REGCLASS
            AND depend.objid = class.oid
            AND depend.deptype = 'e'
    )
ORDER BY full_name
