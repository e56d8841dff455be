-- Finds the run on which an Airflow run works already: its audit was tried before.
SELECT run_id, attempt
FROM trueup.run_attempts
WHERE airflow_run_id = %(airflow_run_id)s
ORDER BY started_at DESC
LIMIT 1
