-- Gives every junta's capital as the migration keeps it beside what the app's own rows add up to.
-- Nothing of the migration is asked for the second one: each table is summed apart, from the tables
-- as they were before, whose money is a float and is taken by the text that stands for it.
SELECT
    junta.name AS junta,
    junta.base_capital,
    junta.current_capital,
    junta.available_capital,
    recomputed.capital AS recomputed,
    junta.current_capital - recomputed.capital AS difference
FROM "Junta" AS junta
CROSS JOIN LATERAL (
    SELECT
        (
            SELECT coalesce(sum(accion.amount::TEXT::NUMERIC), 0) FROM "Accion" AS accion
            WHERE accion.junta_id = junta.id
        ) + (
            SELECT coalesce(sum(multa.amount::TEXT::NUMERIC), 0) FROM "Multa" AS multa
            WHERE multa.junta_id = junta.id
        ) - (
            SELECT coalesce(sum(loan.amount::TEXT::NUMERIC), 0) FROM "PrestamoOld" AS loan
            WHERE loan.junta_id = junta.id AND loan.status IN ('APPROVED', 'PAID')
        ) + (
            SELECT coalesce(sum(payment.amount::TEXT::NUMERIC), 0) FROM "PagoPrestamoOld" AS payment
            INNER JOIN "PrestamoOld" AS loan ON loan.id = payment.prestamo_id
            WHERE loan.junta_id = junta.id
        ) AS capital
) AS recomputed
ORDER BY junta.name
