-- Lists a page of a run's quarantined rows as they stood in the source, from behind a position.
SELECT
    position,
    reason_code,
    reason,
    left(raw, %(characters)s) AS raw,
    length(raw) > %(characters)s AS cut
FROM trueup.quarantined_rows
WHERE
    run_id = %(run_id)s
    AND position > %(after)s
    AND (%(reason_code)s::TEXT IS NULL OR reason_code = %(reason_code)s)
ORDER BY position
LIMIT %(rows)s
