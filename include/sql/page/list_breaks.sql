-- Lists a page of a run's breaks, the largest first, from behind the one that the page before ended
-- with; money as decimal text, and exact.
SELECT
    account_id,
    currency_code,
    round(expected, decimals)::TEXT AS expected,
    round(actual, decimals)::TEXT AS actual,
    round(difference, decimals)::TEXT AS difference,
    cause,
    compared_with
FROM trueup.balance_breaks
WHERE
    run_id = %(run_id)s
    AND (
        %(after)s::NUMERIC IS NULL
        OR (-abs(difference), account_id, currency_code, compared_with)
        > (-abs(%(after)s::NUMERIC), %(after_account)s, %(after_currency)s, %(after_compared)s)
    )
ORDER BY -abs(difference), account_id, currency_code, compared_with
LIMIT %(rows)s
