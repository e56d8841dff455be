-- Takes a migration back that was opened, and before its first movement was booked.
SELECT undo_capital_migration(%(run_id)s, 60)
