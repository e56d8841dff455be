-- Lists what Great Expectations found about a run, what does not hold first.
SELECT suite, expectation, severity, success, observed
FROM trueup.run_expectations
WHERE run_id = %(run_id)s
ORDER BY success, severity, suite, expectation
