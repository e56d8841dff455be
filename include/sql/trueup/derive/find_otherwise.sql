-- Finds an earlier run that made references for the same table's rows in another way: the same rows
-- would get new ones, and be posted once more.
SELECT
    earlier.run_id,
    earlier.plan ->> 'prefix' AS prefix,
    earlier.plan ->> 'key_column' AS key_column
FROM trueup.runs AS earlier
WHERE
    earlier.run_id <> %(run_id)s
    AND earlier.status = 'completed'
    AND NOT earlier.dry_run
    AND earlier.source_type IN ('LEGACY', 'LEGS')
    AND CASE
        WHEN earlier.source_type IN ('LEGACY', 'LEGS')
            THEN to_regclass((
                SELECT string_agg(quote_ident(part), '.' ORDER BY place)
                FROM unnest(string_to_array(earlier.source, '.'))
                    WITH ORDINALITY AS name (part, place)
            )) = to_regclass(%(source)s)
    END
    AND (
        earlier.plan ->> 'prefix' <> %(prefix)s
        OR earlier.plan ->> 'key_column' <> %(key_column)s
    )
ORDER BY earlier.started_at DESC
LIMIT 1
