-- Lists the juntas to which the migration would give the most capital: before it nobody keeps any.
SELECT
    prepared.junta_id AS account_id,
    coalesce(asked.plan ->> 'currency', 'XXX') AS currency_code,
    '0' AS before,
    sum(signed.amount)::TEXT AS after,
    count(*) OVER () AS changed
FROM trueup.prepared_entries AS prepared
INNER JOIN trueup.runs AS asked ON asked.run_id = prepared.run_id
CROSS JOIN LATERAL (
    SELECT
        CASE prepared.kind WHEN 'PRESTAMO' THEN -prepared.amount ELSE prepared.amount END AS amount
) AS signed
WHERE prepared.run_id = %(run_id)s AND prepared.moves
GROUP BY prepared.junta_id, asked.plan
ORDER BY abs(sum(signed.amount)) DESC, prepared.junta_id
LIMIT %(rows)s
