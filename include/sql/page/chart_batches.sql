-- Adds the batches of a run up to at most so many points of equal time: rows a second, batch size.
WITH batches AS (
    SELECT read, seconds, committed_at
    FROM trueup.run_batches
    WHERE run_id = %(run_id)s
), span AS (
    SELECT
        min(committed_at - make_interval(secs => seconds)) AS began,
        max(committed_at) AS ended,
        -- Some batches a point, or the line would show single commits.
        least(%(points)s, ceil(count(*) / 4.0))::INTEGER AS points
    FROM batches
    HAVING count(*) > 0
), point AS (
    SELECT
        number,
        span.began + (span.ended - span.began) * number / span.points AS ended,
        extract(EPOCH FROM span.ended - span.began) / span.points AS seconds
    FROM span
    CROSS JOIN LATERAL generate_series(1, span.points) AS numbers (number)
), placed AS (
    SELECT
        batches.read,
        batches.seconds,
        least(
            span.points,
            1 + floor(
                extract(EPOCH FROM batches.committed_at - span.began) * span.points
                / nullif(extract(EPOCH FROM span.ended - span.began), 0)
            )
        ) AS number
    FROM batches
    CROSS JOIN span
)
SELECT
    point.ended AS at,
    round(coalesce(sum(placed.read), 0) / nullif(point.seconds, 0), 1) AS rows_per_second,
    round(avg(placed.read)) AS batch_size,
    round(avg(placed.seconds), 3) AS batch_seconds,
    count(placed.read) AS batches
FROM point
LEFT JOIN placed ON placed.number = point.number
GROUP BY point.number, point.ended, point.seconds
ORDER BY point.number
