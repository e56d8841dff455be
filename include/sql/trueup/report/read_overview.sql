-- Reads the run's totals as they stand: while it posts, the sums of its ranges.
SELECT
    total_to_process,
    total_read,
    total_posted,
    total_replayed,
    total_quarantined,
    rows_per_second
FROM trueup.run_overview
WHERE run_id = %(run_id)s
