-- Finds rows of the app without the movement that they call for, and movements without a row; once
-- the migration has cut over, for until then it is at work.
SELECT
    'critical' AS severity,
    format('%%s %%s of junta %%s', kind, source_id, coalesce(junta_id, '(none)')) AS subject,
    'XXX' AS currency_code,
    coalesce(due, 0) AS expected,
    coalesce(booked, 0) AS actual,
    cause
FROM capital_differences()
WHERE is_capital_tracked()
