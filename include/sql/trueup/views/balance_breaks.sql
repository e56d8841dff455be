-- Shows every account whose balance is not what it should be; difference is actual less expected.
CREATE OR REPLACE VIEW trueup.balance_breaks AS
SELECT
    run_id,
    account_id,
    currency_code,
    expected,
    actual,
    difference,
    cause,
    compared_with
FROM trueup.breaks;
