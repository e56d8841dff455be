-- Lists what one check of a night found that must not be.
SELECT
    subject,
    currency_code,
    difference::TEXT AS difference,
    cause
FROM trueup.night_findings
WHERE night_id = %(run_id)s AND check_name = %(check_name)s AND severity = 'critical'
ORDER BY number
