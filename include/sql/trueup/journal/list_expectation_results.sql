-- Lists what the expectations of a run found.
SELECT suite, expectation, severity, success, observed FROM trueup.expectation_results
WHERE run_id = %(run_id)s
ORDER BY suite, expectation
