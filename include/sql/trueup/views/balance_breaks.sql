-- Shows every account whose balance is not what it should be; difference is actual less expected.
CREATE OR REPLACE VIEW trueup.balance_breaks AS
SELECT
    breaks.run_id,
    breaks.account_id,
    breaks.currency_code,
    breaks.expected,
    breaks.actual,
    breaks.difference,
    breaks.cause,
    breaks.compared_with,
    -- How many decimals show it: the currency's, or more where an amount has more.
    greatest(
        coalesce(currency.minor_unit, 0), min_scale(breaks.expected), min_scale(breaks.actual)
    ) AS decimals
FROM trueup.breaks
LEFT JOIN trueup.currencies AS currency ON currency.code = breaks.currency_code;
