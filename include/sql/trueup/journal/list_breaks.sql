-- Lists a run's breaks, the largest first.
SELECT
    account_id, currency_code, expected::TEXT AS expected, actual::TEXT AS actual,
    difference::TEXT AS difference, cause, compared_with
FROM trueup.balance_breaks
WHERE run_id = %(run_id)s
ORDER BY abs(difference) DESC, account_id
