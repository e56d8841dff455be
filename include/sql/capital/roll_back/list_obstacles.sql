-- Lists, in words, what keeps a migration from being undone without a loss.
SELECT obstacle FROM undo_obstacles(%(run_id)s)
