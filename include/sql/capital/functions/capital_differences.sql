-- Rows of the app that move capital and have no movement, or another one than they call for, and
-- movements without such a row; none as long as there are no movements at all. Each kind is asked
-- apart. p_run_id: what this run has in quarantine and was not booked since is known, and passed
-- over.
CREATE OR REPLACE FUNCTION capital_differences(p_run_id TEXT DEFAULT NULL)
RETURNS TABLE (
    kind TEXT, source_id TEXT, junta_id TEXT, due NUMERIC, booked NUMERIC, cause TEXT
) LANGUAGE plpgsql STABLE SET extra_float_digits = 1 AS $$
#variable_conflict use_column
BEGIN
    IF to_regclass('capital_movements') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH wanted AS (
        SELECT
            'ACCION' AS kind, accion.id, accion.junta_id, exact_amount(accion.amount) AS amount,
            accion.created_at AS at
        FROM "Accion" AS accion
        UNION ALL
        SELECT 'MULTA', multa.id, multa.junta_id, exact_amount(multa.amount), multa.created_at
        FROM "Multa" AS multa
        UNION ALL
        SELECT 'PRESTAMO', loan.id, loan.junta_id, exact_amount(loan.amount), loan.created_at
        FROM "Prestamo" AS loan
        WHERE loan.status IS NULL OR loan.status NOT IN ('PENDING', 'REJECTED')
        UNION ALL
        SELECT 'PAGO', payment.id, loan.junta_id, exact_amount(payment.amount), payment.date
        FROM "PagoPrestamo" AS payment
        LEFT JOIN "Prestamo" AS loan ON loan.id = payment.prestamo_id
    ), compared AS (
        SELECT
            coalesce(wanted.kind, movement.type) AS kind,
            coalesce(
                wanted.id, movement.prestamo_id, movement.multa_id, movement.accion_id,
                movement.pago_id
            ) AS id,
            coalesce(wanted.junta_id, movement.junta_id) AS junta_id,
            wanted.amount AS due,
            movement.amount AS booked,
            CASE
                WHEN movement.id IS NULL THEN 'It has no movement.'
                WHEN wanted.id IS NULL THEN 'The movement is of no row that moves capital.'
                WHEN wanted.amount IS DISTINCT FROM movement.amount
                    THEN 'The movement has another amount.'
                WHEN wanted.junta_id IS DISTINCT FROM movement.junta_id
                    THEN 'The movement is of another junta.'
                WHEN wanted.at IS DISTINCT FROM movement.created_at
                    THEN 'The movement has another time.'
                WHEN
                    movement.direction
                    <> CASE wanted.kind WHEN 'PRESTAMO' THEN 'DECREASE' ELSE 'INCREASE' END
                    THEN 'The movement goes the wrong way.'
            END AS cause
        FROM wanted
        FULL JOIN capital_movements AS movement
            ON
                movement.type = wanted.kind
                AND coalesce(
                    movement.prestamo_id, movement.multa_id, movement.accion_id, movement.pago_id
                ) = wanted.id
    )
    SELECT
        compared.kind, compared.id, compared.junta_id, compared.due, compared.booked,
        compared.cause
    FROM compared
    WHERE
        compared.cause IS NOT NULL
        AND (
            compared.booked IS NOT NULL
            OR NOT EXISTS (
                SELECT 1 FROM trueup.quarantine AS quarantined
                WHERE
                    quarantined.run_id = p_run_id
                    AND quarantined.fields ->> 'kind' = compared.kind
                    AND quarantined.fields ->> 'id' = compared.id
            )
        );
END
$$;
