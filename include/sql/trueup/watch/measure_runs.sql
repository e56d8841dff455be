-- Measures how a system's runs stand: the one that holds the books, and the newest real one.
WITH open_run AS (
    SELECT
        recent_rows_per_second AS rows_per_second,
        extract(EPOCH FROM clock_timestamp() - last_seen_at)::FLOAT8 AS checkpoint_age
    FROM trueup.run_overview
    WHERE
        system = %(system)s
        AND NOT dry_run
        AND status NOT IN ('completed', 'previewed', 'rolled_back', 'refused', 'rollback_failed')
), newest AS (
    SELECT run_id
    FROM trueup.runs
    WHERE system = %(system)s AND NOT dry_run
    ORDER BY started_at DESC
    LIMIT 1
), ranges AS (
    SELECT sum(posted) AS posted
    FROM trueup.run_ranges
    WHERE run_id IN (SELECT run_id FROM newest)
)
SELECT
    (SELECT count(*) FROM open_run) AS open_runs,
    coalesce((SELECT max(checkpoint_age) FROM open_run), 0)::FLOAT8 AS checkpoint_age_seconds,
    coalesce((SELECT posted FROM ranges), 0)::BIGINT AS posted_rows,
    coalesce((SELECT max(rows_per_second) FROM open_run), 0)::FLOAT8 AS rows_per_second,
    (
        SELECT count(*) FROM trueup.quarantine WHERE run_id IN (SELECT run_id FROM newest)
    ) AS quarantined_rows,
    (
        SELECT count(*) FROM trueup.breaks WHERE run_id IN (SELECT run_id FROM newest)
    ) AS breaks,
    -- NULL where there was no night: no age is said of it.
    (
        SELECT extract(EPOCH FROM clock_timestamp() - max(looked_at))::FLOAT8
        FROM trueup.nights
        WHERE system = %(system)s
    ) AS night_age_seconds
