-- Tells by how much the books were off on each of the last nights, a row a night and currency.
-- Several checks may see the same: what counts is the check that saw most.
SELECT
    night_id,
    currency_code,
    trim_scale(max(drift))::TEXT AS drift
FROM (
    SELECT
        found.night_id,
        found.check_name,
        found.currency_code,
        sum(abs(found.difference)) AS drift
    FROM (
        SELECT night_id
        FROM trueup.night_overview
        WHERE dag_id = any(%(dag_ids)s)
        ORDER BY looked_at DESC
        LIMIT %(rows)s
    ) AS night
    INNER JOIN trueup.found_at_night AS found ON found.night_id = night.night_id
    WHERE found.difference IS NOT NULL
    GROUP BY found.night_id, found.check_name, found.currency_code
) AS by_check
GROUP BY night_id, currency_code
