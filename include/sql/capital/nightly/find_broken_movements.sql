-- Finds movements that no rule allows, and rules that nobody enforces.
SELECT
    'critical' AS severity,
    subject,
    'XXX' AS currency_code,
    NULL::NUMERIC AS expected,
    NULL::NUMERIC AS actual,
    cause
FROM capital_faults()
WHERE is_capital_tracked()
