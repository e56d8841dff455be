-- Lists a page of what a night found, the gravest first; amounts as decimal text.
SELECT
    check_name,
    severity,
    subject,
    currency_code,
    round(expected, decimals)::TEXT AS expected,
    round(actual, decimals)::TEXT AS actual,
    round(difference, decimals)::TEXT AS difference,
    cause
FROM trueup.found_at_night
WHERE night_id = %(night_id)s
ORDER BY severity, check_name, number
LIMIT %(rows)s OFFSET %(skip)s
