-- Says what stands in the way of a migration that has not begun: what the app hung on the tables
-- that are exchanged and that a copy of them would not have, and names that are taken.
SELECT obstacle
FROM (
    SELECT obstacle FROM capital_obstacles()
    UNION ALL
    SELECT format('"%%s" has no column amount that is a number.', wanted.name)
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
    SELECT format('There is a table "%%s" already.', wanted.name)
    FROM unnest('{
        PrestamoNew, PagoPrestamoNew, PrestamoOld, PagoPrestamoOld, capital_movements
    }'::TEXT[]) AS wanted (name)
    WHERE to_regclass(format('%%I', wanted.name)) IS NOT NULL
    UNION ALL
    SELECT format('"Junta" has a column %%s already.', attname)
    FROM pg_attribute
    WHERE
        attrelid = '"Junta"'::REGCLASS
        AND attname IN ('current_capital', 'base_capital', 'available_capital')
        AND NOT attisdropped
) AS obstacles
WHERE NOT is_capital_tracked() AND NOT EXISTS (
    SELECT 1 FROM trueup.capital_migrations WHERE closed_at IS NULL
)
UNION ALL
SELECT format(
    CASE
        WHEN undone_at IS NOT NULL
            THEN
                'Run %%s was taken back, and the end of that is missing; trigger the DAG rollback '
                'for it once more.'
        WHEN cut_over_at IS NULL
            THEN 'Run %%s has begun a migration; resume it, or take it back with the DAG rollback.'
        ELSE
            'There is nothing to do: run %%s has cut over, and capital is tracked. The DAG '
            'rollback takes it back.'
    END,
    run_id
)
FROM trueup.capital_migrations
WHERE
    (closed_at IS NULL OR (cut_over_at IS NOT NULL AND undone_at IS NULL))
    AND run_id <> %(run_id)s
ORDER BY obstacle
