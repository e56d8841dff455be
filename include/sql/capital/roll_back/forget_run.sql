-- Remembers that the migration is undone, its tables having been replaced by those of the backup.
SELECT forget_capital_migration(%(run_id)s)
