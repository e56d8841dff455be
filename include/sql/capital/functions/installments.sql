-- The instalments of a loan by the annuity rule, the last of which takes the rounding: 1000 at 5 %
-- a period over 12 is eleven times 112.83 and 112.76, 1353.89 in all. The rate is per period.
CREATE OR REPLACE FUNCTION installments(p_principal NUMERIC, p_rate NUMERIC, p_periods INTEGER)
RETURNS TABLE (number INTEGER, amount NUMERIC) LANGUAGE sql IMMUTABLE AS $$
    WITH RECURSIVE regular AS (
        SELECT round(CASE
            WHEN p_rate = 0 THEN p_principal / p_periods
            ELSE p_principal * p_rate / (1 - (1 + p_rate) ^ (-p_periods))
        END, 2) AS amount
    ), plan AS (
        SELECT 1 AS number, p_principal AS owed
        UNION ALL
        SELECT plan.number + 1, plan.owed * (1 + p_rate) - regular.amount
        FROM plan, regular
        WHERE plan.number < p_periods
    )
    SELECT
        plan.number,
        CASE
            WHEN plan.number = p_periods THEN round(plan.owed * (1 + p_rate), 2)
            ELSE regular.amount
        END
    FROM plan, regular
$$;
