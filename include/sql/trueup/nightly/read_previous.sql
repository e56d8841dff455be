-- Reads the night before this one.
SELECT night_id, looked_at, status, figures
FROM trueup.nights
WHERE system = %(system)s AND night_id <> %(night_id)s
ORDER BY looked_at DESC
LIMIT 1
