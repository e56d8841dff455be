-- Bares the tables for the run.
SELECT trueup.suspend_objects(%(run_id)s, %(tables)s) AS suspended
