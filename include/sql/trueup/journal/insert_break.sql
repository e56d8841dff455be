-- Keeps one break.
INSERT INTO trueup.breaks (
    run_id, account_id, currency_code, compared_with, expected, actual, cause
) VALUES (
    %(run_id)s, %(account_id)s, %(currency_code)s, %(compared_with)s, %(expected)s, %(actual)s,
    %(cause)s
)
ON CONFLICT (run_id, account_id, currency_code, compared_with) DO UPDATE SET
    expected = excluded.expected,
    actual = excluded.actual,
    cause = excluded.cause
