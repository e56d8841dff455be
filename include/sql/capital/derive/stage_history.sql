-- Stages the rows of the app's four tables that are not staged yet, as they stand at one moment: by
-- junta and time, what brings capital before what takes it. A payment is of its loan's junta.
-- Nothing once the migration has cut over: from then on the rules book what comes. What is staged
-- is left out table by table: to find little that is new, the rest need not be written out.
WITH staged AS NOT MATERIALIZED (
    SELECT kind, source_id FROM trueup.staged_entries WHERE run_id = %(run_id)s
)
INSERT INTO trueup.staged_entries (
    run_id, position, raw, kind, source_id, junta_id, prestamo_id, word, amount, occurred_at
)
SELECT
    %(run_id)s,
    %(last_position)s + row_number() OVER (
        ORDER BY
            capital_bucket(history.junta_id), history.junta_id, history.occurred_at,
            history.kind = 'PRESTAMO', history.id
    ),
    history.raw,
    history.kind,
    history.id,
    history.junta_id,
    history.prestamo_id,
    history.word,
    history.amount,
    -- Not a time, and no verdict lets it pass.
    coalesce(history.occurred_at, '-infinity')
FROM (
    SELECT
        'ACCION' AS kind,
        accion.id,
        accion.junta_id,
        NULL::TEXT AS prestamo_id,
        accion.type AS word,
        exact_amount(accion.amount) AS amount,
        accion.created_at AS occurred_at,
        (accion.*)::TEXT AS raw
    FROM "Accion" AS accion
    WHERE NOT EXISTS (
        SELECT 1 FROM staged WHERE staged.kind = 'ACCION' AND staged.source_id = accion.id
    )
    UNION ALL
    SELECT
        'MULTA', multa.id, multa.junta_id, NULL, multa.status, exact_amount(multa.amount),
        multa.created_at, (multa.*)::TEXT
    FROM "Multa" AS multa
    WHERE NOT EXISTS (
        SELECT 1 FROM staged WHERE staged.kind = 'MULTA' AND staged.source_id = multa.id
    )
    UNION ALL
    SELECT
        'PRESTAMO', loan.id, loan.junta_id, NULL, loan.status, exact_amount(loan.amount),
        loan.created_at, (loan.*)::TEXT
    FROM "Prestamo" AS loan
    WHERE NOT EXISTS (
        SELECT 1 FROM staged WHERE staged.kind = 'PRESTAMO' AND staged.source_id = loan.id
    )
    UNION ALL
    SELECT
        'PAGO', payment.id, loan.junta_id, payment.prestamo_id, NULL,
        exact_amount(payment.amount), payment.date, (payment.*)::TEXT
    FROM "PagoPrestamo" AS payment
    LEFT JOIN "Prestamo" AS loan ON loan.id = payment.prestamo_id
    WHERE NOT EXISTS (
        SELECT 1 FROM staged WHERE staged.kind = 'PAGO' AND staged.source_id = payment.id
    )
) AS history
WHERE NOT EXISTS (
    SELECT 1 FROM trueup.capital_migrations
    WHERE run_id = %(run_id)s AND cut_over_at IS NOT NULL
)
