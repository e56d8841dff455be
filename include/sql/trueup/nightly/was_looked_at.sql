-- Tells whether somebody has looked at a system's books since then, or was told that nobody had.
SELECT
    EXISTS (SELECT 1 FROM trueup.nights WHERE system = %(system)s AND looked_at >= %(since)s)
    OR EXISTS (
        SELECT 1 FROM trueup.missed_nights WHERE system = %(system)s AND told_at >= %(since)s
    ) AS found
