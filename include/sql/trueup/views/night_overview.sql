-- Shows every night of reconciliation with what it measured and how much it found.
CREATE OR REPLACE VIEW trueup.night_overview AS
SELECT
    night_id,
    system,
    dag_id,
    airflow_run_id,
    looked_at,
    status,
    in_flight,
    figures
FROM trueup.nights;
