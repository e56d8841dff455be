-- Measures the app's tables, each counted and summed apart: joined, they would multiply each other.
SELECT
    (SELECT count(*) FROM "Junta") AS accounts,
    acciones.rows + multas.rows + loans.rows + payments.rows AS entries,
    acciones.rows AS acciones,
    acciones.amount AS acciones_amount,
    multas.rows AS multas,
    multas.amount AS multas_amount,
    loans.rows AS prestamos,
    loans.amount AS prestamos_amount,
    payments.rows AS pagos,
    payments.amount AS pagos_amount
FROM (
    SELECT count(*) AS rows, coalesce(sum(exact_amount(amount)), 0)::TEXT AS amount FROM "Accion"
) AS acciones
CROSS JOIN (
    SELECT count(*) AS rows, coalesce(sum(exact_amount(amount)), 0)::TEXT AS amount FROM "Multa"
) AS multas
CROSS JOIN (
    SELECT count(*) AS rows, coalesce(sum(exact_amount(amount)), 0)::TEXT AS amount
    FROM "Prestamo"
) AS loans
CROSS JOIN (
    SELECT count(*) AS rows, coalesce(sum(exact_amount(amount)), 0)::TEXT AS amount
    FROM "PagoPrestamo"
) AS payments
