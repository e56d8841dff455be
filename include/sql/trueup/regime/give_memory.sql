-- Gives this transaction more memory to sort keys in: one session builds, one index at a time.
SELECT set_config('maintenance_work_mem', '256MB', TRUE)
