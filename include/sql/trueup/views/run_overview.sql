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
    -- A run that works says so with every step and batch, and one that waits for a person need not.
    run.status IN (
        'auditing', 'ingesting', 'validating', 'posting', 'constraining', 'expecting',
        'reconciling', 'rolling_back'
    ) AND run.last_seen_at < now() - INTERVAL '5 minutes' AS stalled,
    round(recent.rows_per_second, 1) AS recent_rows_per_second,
    round(
        (run.total_to_process - progress.read) / nullif(recent.rows_per_second, 0)
    )::BIGINT AS seconds_left
FROM trueup.runs AS run
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
-- How fast it goes now: the batches of its last half minute.
LEFT JOIN LATERAL (
    SELECT
        sum(batch.read) / nullif(extract(
            EPOCH FROM max(batch.committed_at)
            - min(batch.committed_at - make_interval(secs => batch.seconds))
        ), 0) AS rows_per_second
    FROM trueup.batches AS batch
    WHERE
        run.status = 'posting'
        AND batch.run_id = run.run_id
        AND batch.committed_at > run.last_seen_at - INTERVAL '30 seconds'
) AS recent ON TRUE
