-- Lists a page of a run's breaks, the largest first; money as decimal text.
SELECT
    account_id,
    currency_code,
    round(expected, decimals)::TEXT AS expected,
    round(actual, decimals)::TEXT AS actual,
    round(difference, decimals)::TEXT AS difference,
    cause,
    compared_with
FROM trueup.balance_breaks
WHERE run_id = %(run_id)s
ORDER BY abs(difference) DESC, account_id ASC, currency_code ASC, compared_with ASC
LIMIT %(rows)s OFFSET %(skip)s
