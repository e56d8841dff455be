-- Finds a system's last night if no other came in time after it, and nobody was told.
SELECT last.night_id, last.looked_at
FROM trueup.last_nights AS last
INNER JOIN trueup.nights AS night ON night.night_id = last.night_id
WHERE last.system = %(system)s AND last.overdue AND night.missed_told_at IS NULL
