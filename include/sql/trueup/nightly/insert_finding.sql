-- Keeps one finding of a night; amounts are decimal texts in units of the currency.
INSERT INTO trueup.night_findings (
    night_id, check_name, number, severity, subject, currency_code, expected, actual, cause
) VALUES (
    %(night_id)s, %(check_name)s, %(number)s, %(severity)s, %(subject)s, %(currency_code)s,
    %(expected)s, %(actual)s, %(cause)s
)
