-- Finds the run on which an Airflow run works already: its audit was tried before.
-- Airflow's run ids are unique within a DAG only.
SELECT run_id, attempt
FROM trueup.run_attempts
WHERE dag_id = %(dag_id)s AND airflow_run_id = %(airflow_run_id)s
ORDER BY started_at DESC
LIMIT 1
