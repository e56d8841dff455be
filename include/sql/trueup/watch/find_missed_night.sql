-- Finds when a system's books were last looked at, or were first completed if they never were, when
-- that is too long ago (as in trueup.last_nights) and nobody was told since.
SELECT known.at
FROM (
    SELECT coalesce(
        (SELECT max(looked_at) FROM trueup.nights WHERE system = %(system)s),
        (
            SELECT min(finished_at) FROM trueup.runs
            WHERE system = %(system)s AND NOT dry_run AND status = 'completed'
        )
    ) AS at
) AS known
WHERE
    known.at < now() - INTERVAL '26 hours'
    AND NOT EXISTS (
        SELECT 1 FROM trueup.missed_nights WHERE system = %(system)s AND told_at > known.at
    )
