-- Reads who suffers, at the end of a batch, while its locks are still held. What this role may not
-- see is NULL: lags of standbys and other roles' transactions need pg_monitor.
SELECT
    (
        SELECT extract(EPOCH FROM max(replay_lag))::DOUBLE PRECISION FROM pg_stat_replication
    ) AS lag_seconds,
    (
        SELECT max(extract(EPOCH FROM clock_timestamp() - waiting.waitstart))::DOUBLE PRECISION
        FROM pg_locks AS waiting
        WHERE NOT waiting.granted AND pg_backend_pid() = ANY(pg_blocking_pids(waiting.pid))
    ) AS waiting_seconds,
    (
        SELECT extract(EPOCH FROM clock_timestamp() - min(xact_start))::DOUBLE PRECISION
        FROM pg_stat_activity
        WHERE
            datname = current_database()
            AND backend_type = 'client backend'
            AND application_name NOT LIKE 'trueup %%'
    ) AS transaction_seconds
