-- Lists the rules that stand on loans, payments and movements.
SELECT
    conname AS name,
    convalidated AS validated,
    pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE
    conrelid IN (
        carried_table('Prestamo'), carried_table('PagoPrestamo'),
        to_regclass('capital_movements')
    )
    AND contype IN ('c', 'f')
ORDER BY conname
