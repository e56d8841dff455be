-- Finds juntas whose capital is not what their movements come to, or of which not all is available.
SELECT
    'critical' AS severity,
    'junta ' || junta_id AS subject,
    'XXX' AS currency_code,
    CASE WHEN base <> booked_base THEN booked_base ELSE booked END AS expected,
    CASE
        WHEN base <> booked_base THEN base
        WHEN current <> booked THEN current
        ELSE available
    END AS actual,
    CASE
        WHEN base <> booked_base THEN 'The base capital is not what the acciones brought.'
        WHEN current <> booked THEN 'The current capital is not what the movements come to.'
        ELSE 'The available capital is not the current one.'
    END AS cause
FROM capital_books()
WHERE base <> booked_base OR current <> booked OR available <> booked
