-- Lists juntas whose noted changes do not come to what their movements say: before the cutover each
-- statement over movements notes what it brought, in its own transaction.
WITH noted AS (
    SELECT junta_id, sum(base) AS base, sum(current) AS current
    FROM trueup.capital_deltas GROUP BY junta_id
), booked AS (
    SELECT
        junta_id,
        coalesce(sum(amount) FILTER (WHERE type = 'ACCION'), 0) AS base,
        sum(signed_amount(direction, amount)) AS current
    FROM capital_movements
    GROUP BY junta_id
)
SELECT
    coalesce(noted.junta_id, booked.junta_id) AS account_id,
    coalesce(asked.plan ->> 'currency', 'XXX') AS currency_code,
    coalesce(booked.current, 0)::TEXT AS expected,
    coalesce(noted.current, 0)::TEXT AS actual
FROM noted
FULL JOIN booked ON booked.junta_id = noted.junta_id
CROSS JOIN (SELECT plan FROM trueup.runs WHERE run_id = %(run_id)s) AS asked
WHERE
    (coalesce(noted.base, 0), coalesce(noted.current, 0))
    IS DISTINCT FROM (coalesce(booked.base, 0), coalesce(booked.current, 0))
ORDER BY account_id
