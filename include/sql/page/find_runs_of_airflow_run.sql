-- Lists the runs that an Airflow run has worked on.
SELECT DISTINCT run_id
FROM trueup.run_airflow_runs
WHERE dag_id = %(dag_id)s AND airflow_run_id = %(airflow_run_id)s
ORDER BY run_id
