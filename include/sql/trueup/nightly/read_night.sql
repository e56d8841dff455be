-- Reads one night.
SELECT night_id, system, looked_at, status, in_flight, figures
FROM trueup.nights
WHERE night_id = %(night_id)s
