-- Tells which DAG a run, or a night, belongs to.
SELECT
    dag_id,
    'run' AS kind
FROM trueup.run_overview
WHERE run_id = %(subject)s
UNION ALL
SELECT
    dag_id,
    'night'
FROM trueup.night_overview
WHERE night_id = %(subject)s
