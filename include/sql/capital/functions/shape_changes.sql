-- How the app's tables are made otherwise than when a migration opened, in words; none of one that
-- did not keep it.
CREATE OR REPLACE FUNCTION shape_changes(p_run_id TEXT)
RETURNS TABLE (change TEXT) LANGUAGE sql STABLE AS $$
    SELECT format(
        'the %s of "%s" %s',
        concat_ws(' ', coalesce(now.part, before.part), nullif(coalesce(now.name, before.name), '')),
        coalesce(now.of_table, before.of_table),
        CASE
            WHEN before.said IS NULL THEN 'is new'
            WHEN now.said IS NULL THEN 'is gone'
            ELSE 'is another'
        END
    )
    FROM (
        SELECT kept.of_table, kept.part, kept.name, kept.said
        FROM trueup.capital_migrations AS migration
        CROSS JOIN LATERAL jsonb_to_recordset(migration.shape)
            AS kept (of_table TEXT, part TEXT, name TEXT, said TEXT)
        WHERE migration.run_id = p_run_id
    ) AS before
    FULL JOIN (
        SELECT * FROM app_shape()
        WHERE EXISTS (
            SELECT 1 FROM trueup.capital_migrations WHERE run_id = p_run_id AND shape IS NOT NULL
        )
    ) AS now
        ON
            now.of_table = before.of_table
            AND now.part = before.part
            AND now.name = before.name
    WHERE now.said IS DISTINCT FROM before.said
$$;
