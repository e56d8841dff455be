-- Finds what an undo would lose, as long as it is open: rows that do not stand in the old tables as
-- in the new ones, and, as a warning, what else the tables have not in common.
SELECT
    'critical' AS severity,
    format('"%%s" %%s', table_name, row_id) AS subject,
    'XXX' AS currency_code,
    NULL::NUMERIC AS expected,
    NULL::NUMERIC AS actual,
    CASE
        WHEN new_row IS NULL THEN 'It is only in the old table.'
        WHEN old_row IS NULL THEN 'It is only in the new table.'
        ELSE 'It stands otherwise in the old table.'
    END AS cause
FROM shadow_differences()
WHERE is_capital_tracked()
UNION ALL
SELECT
    'warning',
    change,
    'XXX',
    NULL,
    NULL,
    'The old tables and the new ones are made otherwise: an undo is refused.'
FROM carried_changes()
WHERE is_capital_tracked()
