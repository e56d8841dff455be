-- Ends a migration that was taken back, or that was opened and booked nothing.
SELECT close_capital_migration(%(run_id)s, 60)
