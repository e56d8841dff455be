-- Lists the first of a run's quarantined rows, each as it stood in the source, long ones cut.
SELECT
    position,
    reason_code,
    reason,
    left(raw, %(characters)s::INTEGER) AS raw,
    length(raw) > %(characters)s::INTEGER AS cut
FROM trueup.quarantine
WHERE run_id = %(run_id)s
ORDER BY position
LIMIT %(rows)s
