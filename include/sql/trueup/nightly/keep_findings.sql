-- Keeps what a check of a night found, the first of it one by one, and adds up all of it: how many,
-- and by how much each currency is off. A finding's amounts are money if it has a currency; without
-- one they are counts.
WITH found AS MATERIALIZED (
    SELECT
        row_number() OVER () AS number,
        severity,
        subject,
        currency_code,
        expected::NUMERIC AS expected,
        actual::NUMERIC AS actual,
        cause
    FROM (
        {check}
    ) AS listed
), kept AS (
    INSERT INTO trueup.night_findings (
        night_id, check_name, number, severity, subject, currency_code, expected, actual, cause
    )
    SELECT
        %(night_id)s,
        %(check_name)s,
        number,
        severity,
        subject,
        currency_code,
        expected,
        actual,
        cause
    FROM found
    WHERE number <= %(kept)s
), drift AS (
    SELECT
        currency_code,
        sum(abs(actual - expected)) AS amount
    FROM found
    WHERE currency_code IS NOT NULL
    GROUP BY currency_code
)
SELECT
    (SELECT count(*) FROM found) AS findings,
    (
        SELECT jsonb_object_agg(currency_code, trim_scale(amount)::TEXT)
        FROM drift
        WHERE amount > 0
    ) AS drift
