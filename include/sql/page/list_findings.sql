-- Lists a page of what a night found, the gravest first, from behind the one that the page before
-- ended with; amounts as decimal text.
SELECT
    check_name,
    number,
    severity,
    subject,
    currency_code,
    round(expected, decimals)::TEXT AS expected,
    round(actual, decimals)::TEXT AS actual,
    round(difference, decimals)::TEXT AS difference,
    cause
FROM trueup.found_at_night
WHERE
    night_id = %(night_id)s
    AND (
        %(after_severity)s::TEXT IS NULL
        OR (severity, check_name, number)
        > (%(after_severity)s::TEXT, %(after_check)s, %(after)s)
    )
ORDER BY severity, check_name, number
LIMIT %(rows)s
