-- Counts the runs that somebody may see, by status, and how many of each are stalled.
SELECT
    status,
    count(*) AS runs,
    count(*) FILTER (WHERE stalled) AS stalled
FROM trueup.run_overview
WHERE dag_id = any(%(dag_ids)s)
GROUP BY status
