-- Lists the last nights of a system, the newest first.
SELECT night_id, system, dag_id, airflow_run_id, looked_at, status, in_flight, figures
FROM trueup.night_overview
WHERE dag_id = any(%(dag_ids)s)
ORDER BY looked_at DESC
LIMIT %(rows)s
