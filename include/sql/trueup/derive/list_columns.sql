-- Lists the columns of a table; none when there is no such table.
SELECT
    attname AS name,
    format_type(atttypid, NULL) AS kind
FROM pg_attribute
WHERE attrelid = to_regclass(%(source)s) AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
