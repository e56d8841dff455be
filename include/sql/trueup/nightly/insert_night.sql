-- Opens a night at the moment of the snapshot; its verdict comes with its findings.
INSERT INTO trueup.nights (
    night_id, system, dag_id, airflow_run_id, looked_at, status, in_flight, figures
)
SELECT
    %(night_id)s, %(system)s, %(dag_id)s, %(airflow_run_id)s, now(), 'clean',
    coalesce(array_agg(run_id ORDER BY run_id), '{}'), '{}'
FROM trueup.runs
WHERE
    system = %(system)s
    AND NOT dry_run
    AND status NOT IN ('completed', 'previewed', 'rolled_back', 'refused', 'rollback_failed')
RETURNING looked_at, in_flight
