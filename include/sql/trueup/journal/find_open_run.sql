-- Finds the run that holds a system's books, with the Airflow run that works on it.
SELECT
    run.run_id,
    attempt.dag_id,
    run.status,
    run.source_id,
    run.source_type,
    run.started_by,
    run.started_at,
    run.attempt,
    attempt.airflow_run_id,
    extract(EPOCH FROM clock_timestamp() - run.last_seen_at)::FLOAT8 AS seconds_since_seen
FROM trueup.runs AS run
INNER JOIN trueup.run_attempts AS attempt USING (run_id, attempt)
WHERE
    run.system = %(system)s
    AND NOT run.dry_run
    AND run.status NOT IN ('completed', 'previewed', 'rolled_back', 'refused', 'rollback_failed')
