-- Lists the Airflow runs of a run, the first attempt first.
SELECT attempt, dag_id, airflow_run_id, started_by, started_at
FROM trueup.run_airflow_runs
WHERE run_id = %(run_id)s
ORDER BY attempt
