-- Lists a page of runs, the newest first, from behind the one that the page before ended with.
SELECT
    run_id,
    dag_id,
    system,
    status,
    stage,
    dry_run,
    failure,
    -- A query may be as long as a book; the page of its run has it whole.
    left(source, 300) AS source,
    total_to_process,
    total_read,
    total_posted,
    total_replayed,
    total_quarantined,
    breaks,
    started_by,
    started_at,
    finished_at,
    last_seen_at,
    stalled,
    recent_rows_per_second,
    seconds_left,
    message
FROM trueup.run_overview
WHERE
    dag_id = any(%(dag_ids)s)
    AND (%(statuses)s::TEXT[] IS NULL OR status = any(%(statuses)s))
    AND (NOT %(stalled)s OR stalled)
    AND (
        %(before)s::TIMESTAMPTZ IS NULL
        OR (started_at, run_id) < (%(before)s::TIMESTAMPTZ, %(before_run)s)
    )
ORDER BY started_at DESC, run_id DESC
LIMIT %(rows)s
