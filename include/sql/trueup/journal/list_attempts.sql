-- Lists the Airflow runs that worked on a run.
SELECT attempt, dag_id, airflow_run_id, started_by, started_at FROM trueup.run_attempts
WHERE run_id = %(run_id)s
ORDER BY attempt
