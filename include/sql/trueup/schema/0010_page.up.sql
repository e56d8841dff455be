-- Adds what a list of ten thousand runs needs: runs by their start, and by the Airflow run.
CREATE INDEX runs_by_start ON trueup.runs (started_at, run_id);
CREATE INDEX run_attempts_by_airflow_run ON trueup.run_attempts (dag_id, airflow_run_id);
