-- Shows every run on one line: what was asked, where it stands, what came of it.
-- While a run posts, its totals are the sums of its ranges: workers never meet in one row for them.
CREATE OR REPLACE VIEW trueup.run_overview AS
SELECT
    run.run_id,
    run.dag_id,
    run.system,
    run.status,
    run.stage,
    run.source,
    run.source_id,
    run.total_to_process,
    coalesce(progress.read, run.total_read) AS total_read,
    coalesce(progress.posted, run.total_posted) AS total_posted,
    coalesce(progress.replayed, run.total_replayed) AS total_replayed,
    coalesce(progress.quarantined, run.total_quarantined) AS total_quarantined,
    run.breaks,
    run.state_hash_before,
    run.state_hash_after,
    run.digest,
    run.started_by,
    run.started_at,
    run.finished_at,
    round(
        coalesce(progress.read, run.total_read) / nullif(extract(
            EPOCH FROM coalesce(run.finished_at, run.last_seen_at) - run.started_at
        ), 0),
        1
    ) AS rows_per_second,
    run.message,
    run.dry_run,
    run.failure,
    run.last_seen_at,
    -- The one meaning of stalled: the run is at work, and nobody is connected to work on it for
    -- longer than lies between two tasks, or somebody is and has been silent for too long.
    run.status IN (
        'auditing', 'ingesting', 'validating', 'posting', 'constraining', 'expecting',
        'reconciling', 'rolling_back'
    ) AND (
        run.last_seen_at < now() - (SELECT settings.stalled_after FROM trueup.settings)
        OR (run.last_seen_at < now() - INTERVAL '5 minutes' AND worker.worked_on IS FALSE)
    ) AS stalled,
    round(recent.rows_per_second, 1) AS recent_rows_per_second,
    round(
        (run.total_to_process - progress.read) / nullif(recent.rows_per_second, 0)
    )::BIGINT AS seconds_left,
    worker.worked_on
FROM trueup.runs AS run
-- Whether a session works on the run: it holds the run's lock, shared, as long as it is connected,
-- and everybody may read pg_locks. A standby does not know the locks of its primary: NULL.
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN run.status IN (
                'completed', 'previewed', 'rolled_back', 'refused', 'rollback_failed'
            ) THEN FALSE
            WHEN pg_is_in_recovery() THEN NULL
            ELSE EXISTS (
                SELECT 1 FROM pg_locks AS held
                WHERE
                    held.locktype = 'advisory'
                    AND held.mode = 'ShareLock'
                    AND held.granted
                    AND held.objsubid = 1
                    AND held.database = (
                        SELECT oid FROM pg_database WHERE datname = current_database()
                    )
                    AND (held.classid::BIGINT << 32) | held.objid::BIGINT
                    = hashtextextended('trueup ' || run.run_id, 0)
            )
        END AS worked_on
) AS worker
-- One run at a time: a page of a long list must not add up the ranges of all runs.
LEFT JOIN LATERAL (
    SELECT
        sum(run_range.read)::BIGINT AS read,
        sum(run_range.posted)::BIGINT AS posted,
        sum(run_range.replayed)::BIGINT AS replayed,
        sum(run_range.quarantined)::BIGINT AS quarantined
    FROM trueup.run_ranges AS run_range
    WHERE run_range.run_id = run.run_id
) AS progress ON TRUE
-- How fast it goes now: the batches of the last half minute, or of twice as long as one takes.
-- Nobody goes anywhere on whom nobody works.
LEFT JOIN LATERAL (
    SELECT
        sum(batch.read) / nullif(extract(
            EPOCH FROM max(batch.committed_at)
            - min(batch.committed_at - make_interval(secs => batch.seconds))
        ), 0) AS rows_per_second
    FROM trueup.batches AS batch
    WHERE
        run.status = 'posting'
        AND worker.worked_on
        AND batch.run_id = run.run_id
        AND batch.committed_at
        > now() - greatest(INTERVAL '30 seconds', make_interval(secs => 2 * batch.seconds))
) AS recent ON TRUE
