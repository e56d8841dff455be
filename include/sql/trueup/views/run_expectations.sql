-- Shows what Great Expectations found about every run.
CREATE OR REPLACE VIEW trueup.run_expectations AS
SELECT
    run_id,
    suite,
    expectation,
    severity,
    success,
    observed
FROM trueup.expectation_results;
