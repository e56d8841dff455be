-- Builds one thing that was suspended.
SELECT trueup.restore_object(%(run_id)s, %(tables)s) AS name
