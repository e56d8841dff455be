-- Lists what stands of every junta, each kind counted and summed apart: the state that people
-- compare the migration with. Loans are those that were paid out. The largest juntas first.
WITH acciones AS (
    SELECT junta_id, count(*) AS rows, sum(exact_amount(amount)) AS amount
    FROM "Accion" GROUP BY junta_id
), multas AS (
    SELECT junta_id, count(*) AS rows, sum(exact_amount(amount)) AS amount
    FROM "Multa" GROUP BY junta_id
), loans AS (
    SELECT
        junta_id,
        count(*) AS rows,
        sum(exact_amount(amount)) FILTER (WHERE status IN ('APPROVED', 'PAID')) AS amount
    FROM "Prestamo" GROUP BY junta_id
), payments AS (
    SELECT loan.junta_id, count(*) AS rows, sum(exact_amount(payment.amount)) AS amount
    FROM "PagoPrestamo" AS payment
    INNER JOIN "Prestamo" AS loan ON loan.id = payment.prestamo_id
    GROUP BY loan.junta_id
)
SELECT
    junta.id,
    junta.name,
    coalesce(acciones.rows, 0) AS acciones_count,
    coalesce(multas.rows, 0) AS multas_count,
    coalesce(loans.rows, 0) AS prestamos_count,
    coalesce(payments.rows, 0) AS pagos_count,
    (
        coalesce(acciones.amount, 0) + coalesce(multas.amount, 0) - coalesce(loans.amount, 0)
        + coalesce(payments.amount, 0)
    )::TEXT AS capital
FROM "Junta" AS junta
LEFT JOIN acciones ON acciones.junta_id = junta.id
LEFT JOIN multas ON multas.junta_id = junta.id
LEFT JOIN loans ON loans.junta_id = junta.id
LEFT JOIN payments ON payments.junta_id = junta.id
ORDER BY
    coalesce(acciones.rows, 0) + coalesce(multas.rows, 0) + coalesce(loans.rows, 0)
    + coalesce(payments.rows, 0) DESC,
    junta.id
LIMIT %(rows)s
