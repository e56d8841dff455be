-- Lists what a check of the migration found wrong.
SELECT subject, found
FROM verify_migration(%(check_name)s, %(run_id)s)
