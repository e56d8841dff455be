-- Opens the migration: from here on the app's writers are followed.
SELECT open_capital_migration(%(run_id)s, 60)
