-- Adds up by how much the books were off on each of the last nights, a row a night and currency.
SELECT
    night.night_id,
    found.currency_code,
    trim_scale(sum(abs(found.difference)))::TEXT AS drift
FROM (
    SELECT night_id
    FROM trueup.night_overview
    WHERE dag_id = any(%(dag_ids)s)
    ORDER BY looked_at DESC
    LIMIT %(rows)s
) AS night
INNER JOIN trueup.found_at_night AS found ON found.night_id = night.night_id
WHERE found.difference IS NOT NULL
GROUP BY night.night_id, found.currency_code
