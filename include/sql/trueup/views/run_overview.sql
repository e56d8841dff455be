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
    run.message
FROM trueup.runs AS run
LEFT JOIN (
    SELECT
        run_id,
        sum(read)::BIGINT AS read,
        sum(posted)::BIGINT AS posted,
        sum(replayed)::BIGINT AS replayed,
        sum(quarantined)::BIGINT AS quarantined
    FROM trueup.run_ranges
    GROUP BY run_id
) AS progress ON progress.run_id = run.run_id
