-- Tells by how much the books were off on each of the last nights, a row a night and currency. A
-- night from before this was kept has one row without an amount: nobody knows.
SELECT
    night.night_id,
    by_currency.key AS currency_code,
    by_currency.value AS drift
FROM (
    SELECT
        night_id,
        looked_at,
        figures
    FROM trueup.night_overview
    WHERE dag_id = any(%(dag_ids)s)
    ORDER BY looked_at DESC
    LIMIT %(rows)s
) AS night
CROSS JOIN LATERAL jsonb_each_text(
    coalesce(night.figures -> 'drift', jsonb_build_object('', NULL))
) AS by_currency
