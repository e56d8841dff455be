-- Tells whether somebody has looked at a system's books since then, or was told that nobody had.
SELECT count(*) > 0 AS found
FROM trueup.nights
WHERE
    system = %(system)s
    AND (looked_at >= %(since)s OR missed_told_at >= %(since)s)
