-- Lists, in words, what keeps a migration from being undone: the app's old tables are gone.
SELECT format(
    'The table "%%s" is gone, and with it what the app would go back to. Take run %%s back with '
    'mode restore: it brings the tables of the backup.',
    kept.name, migration.run_id
) AS obstacle
FROM trueup.capital_migrations AS migration
CROSS JOIN (VALUES ('PrestamoOld'), ('PagoPrestamoOld')) AS kept (name)
WHERE
    migration.run_id = %(run_id)s
    AND migration.cut_over_at IS NOT NULL
    AND migration.undone_at IS NULL
    AND to_regclass(format('%%I', kept.name)) IS NULL
ORDER BY kept.name
