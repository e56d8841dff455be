-- Sums up a run's batches; ranges overlap in time, so the speed is taken from first to last.
SELECT
    count(*) AS batches,
    coalesce(sum(read), 0)::BIGINT AS rows,
    min(committed_at - seconds * INTERVAL '1 second') AS began_at,
    max(committed_at) AS ended_at,
    round(sum(read) / nullif(extract(
        EPOCH FROM max(committed_at) - min(committed_at - seconds * INTERVAL '1 second')
    ), 0))::BIGINT AS rows_per_second,
    round(percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds), 3)::TEXT AS median_seconds
FROM trueup.run_batches
WHERE run_id = %(run_id)s
