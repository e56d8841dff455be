-- Shows the Airflow runs that have worked on every run, one an attempt.
CREATE OR REPLACE VIEW trueup.run_airflow_runs AS
SELECT
    run_id,
    attempt,
    dag_id,
    airflow_run_id,
    started_by,
    started_at
FROM trueup.run_attempts;
