-- Lists what a night found, the gravest first.
SELECT
    check_name,
    severity,
    subject,
    currency_code,
    expected::TEXT AS expected,
    actual::TEXT AS actual,
    difference::TEXT AS difference,
    cause
FROM trueup.night_findings
WHERE night_id = %(run_id)s
ORDER BY severity, check_name, number
