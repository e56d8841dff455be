-- Keeps the Airflow run that works on a run from now on.
INSERT INTO trueup.run_attempts (run_id, attempt, dag_id, airflow_run_id, started_by)
VALUES (%(run_id)s, %(attempt)s, %(dag_id)s, %(airflow_run_id)s, %(started_by)s)
ON CONFLICT (run_id, attempt) DO NOTHING
