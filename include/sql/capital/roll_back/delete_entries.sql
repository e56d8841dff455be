-- Takes the whole migration back, and gives how many movements went with it.
SELECT undo_capital_migration(%(run_id)s, 60) AS deleted
