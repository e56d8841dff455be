-- Lists runs that hold a system's books and stall, or wait too long for an answer, and who was told
-- of since. A paused or interrupted run stands still by right: whoever asked for it, or was told,
-- knows.
SELECT
    run.run_id,
    run.stalled,
    run.worked_on,
    extract(EPOCH FROM clock_timestamp() - run.last_seen_at)::BIGINT AS seconds,
    EXISTS(
        SELECT 1 FROM trueup.audit_log AS event
        WHERE
            event.run_id = run.run_id
            AND event.logged_at > run.last_seen_at
            AND event.detail ->> 'told' = 'stalled'
    ) AS told
FROM trueup.run_overview AS run
WHERE
    run.system = %(system)s
    AND NOT run.dry_run
    AND (
        run.stalled
        OR (
            run.status = 'awaiting_approval'
            AND run.last_seen_at < clock_timestamp() - %(after)s
        )
    )
ORDER BY run.run_id
