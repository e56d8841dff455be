-- Keeps what one expectation found.
INSERT INTO trueup.expectation_results (run_id, suite, expectation, severity, success, observed)
VALUES (
    %(run_id)s, %(suite)s, %(expectation)s, %(severity)s, %(success)s, %(observed)s
)
ON CONFLICT (run_id, suite, expectation) DO UPDATE SET
    severity = excluded.severity,
    success = excluded.success,
    observed = excluded.observed
