-- Measures how long a run was in its batches, those at one time counted once, and how fast it was.
WITH batches AS (
    SELECT
        read,
        committed_at - make_interval(secs => seconds) AS began_at,
        committed_at
    FROM trueup.run_batches
    WHERE run_id = %(run_id)s
), stretches AS (
    -- What of a batch lies behind the end of every batch that began before it.
    SELECT
        read,
        committed_at - greatest(
            began_at,
            max(committed_at) OVER (
                ORDER BY began_at, committed_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            )
        ) AS stretch
    FROM batches
)
SELECT
    round(sum(extract(EPOCH FROM stretch)) FILTER (WHERE stretch > INTERVAL '0'), 3)
        AS batch_seconds,
    round(
        sum(read) / nullif(
            sum(extract(EPOCH FROM stretch)) FILTER (WHERE stretch > INTERVAL '0'), 0
        ),
        1
    ) AS rows_per_second
FROM stretches
