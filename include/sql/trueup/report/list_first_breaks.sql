-- Lists the largest of a run's breaks, and how many there are in all.
SELECT
    account_id,
    currency_code,
    expected::TEXT AS expected,
    actual::TEXT AS actual,
    difference::TEXT AS difference,
    cause,
    compared_with,
    count(*) OVER () AS total
FROM trueup.balance_breaks
WHERE run_id = %(run_id)s
ORDER BY abs(difference) DESC, account_id ASC, compared_with ASC
LIMIT %(rows)s
