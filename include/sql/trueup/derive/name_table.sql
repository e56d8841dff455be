-- Gives the full name of a table, however it was written.
SELECT schema.nspname || '.' || class.relname AS name
FROM pg_class AS class
INNER JOIN pg_namespace AS schema ON schema.oid = class.relnamespace
WHERE class.oid = to_regclass(%(source)s)
