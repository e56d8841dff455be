-- Gives the rows to book, what they come to, and the capital that they would leave to all juntas.
-- The app's amounts name no currency: unless the trigger does, they are in none (XXX, ISO 4217).
SELECT
    coalesce(asked.plan ->> 'currency', 'XXX') AS currency_code,
    count(prepared.position) AS entries,
    coalesce(sum(prepared.amount) FILTER (WHERE prepared.moves), 0)::TEXT AS amount,
    coalesce(sum(prepared.amount) FILTER (WHERE prepared.kind = 'ACCION'), 0)::TEXT
        AS base_capital,
    coalesce(sum(
        CASE WHEN prepared.kind = 'PRESTAMO' THEN -prepared.amount ELSE prepared.amount END
    ) FILTER (WHERE prepared.moves), 0)::TEXT AS current_capital,
    count(*) FILTER (WHERE prepared.over_available)::TEXT AS loans_above_available
FROM trueup.runs AS asked
LEFT JOIN trueup.prepared_entries AS prepared ON prepared.run_id = asked.run_id
WHERE asked.run_id = %(run_id)s
GROUP BY asked.plan
