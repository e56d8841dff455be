-- Holds the movements of every junta, kind by kind, against the app's own tables. Each kind is
-- summed apart, from the text of its amounts and by rules that are written here once more: joined
-- to one another, three tables multiply their sums; and what booked them shall not judge itself.
-- What is in quarantine and was not mended since has no movement.
WITH asked AS (
    SELECT coalesce(plan ->> 'currency', 'XXX') AS currency_code
    FROM trueup.runs WHERE run_id = %(run_id)s
), set_aside AS (
    SELECT fields ->> 'kind' AS kind, fields ->> 'id' AS source_id
    FROM trueup.quarantine AS quarantined
    WHERE
        quarantined.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT 1 FROM capital_movements AS movement
            WHERE
                movement.type = quarantined.fields ->> 'kind'
                AND quarantined.fields ->> 'id' IN (
                    movement.accion_id, movement.multa_id, movement.prestamo_id, movement.pago_id
                )
        )
), due AS (
    SELECT junta_id, 'ACCION' AS kind, count(*) AS rows, sum(amount::TEXT::NUMERIC) AS capital
    FROM "Accion"
    WHERE id NOT IN (SELECT source_id FROM set_aside WHERE kind = 'ACCION')
    GROUP BY junta_id
    UNION ALL
    SELECT junta_id, 'MULTA', count(*), sum(amount::TEXT::NUMERIC)
    FROM "Multa"
    WHERE id NOT IN (SELECT source_id FROM set_aside WHERE kind = 'MULTA')
    GROUP BY junta_id
    UNION ALL
    SELECT junta_id, 'PRESTAMO', count(*), -sum(amount::TEXT::NUMERIC)
    FROM "Prestamo"
    WHERE
        status NOT IN ('PENDING', 'REJECTED')
        AND id NOT IN (SELECT source_id FROM set_aside WHERE kind = 'PRESTAMO')
    GROUP BY junta_id
    UNION ALL
    SELECT loan.junta_id, 'PAGO', count(*), sum(payment.amount::TEXT::NUMERIC)
    FROM "PagoPrestamo" AS payment
    LEFT JOIN "Prestamo" AS loan ON loan.id = payment.prestamo_id
    WHERE payment.id NOT IN (SELECT source_id FROM set_aside WHERE kind = 'PAGO')
    GROUP BY loan.junta_id
), booked AS (
    SELECT
        junta_id,
        type AS kind,
        count(*) AS rows,
        sum(CASE direction WHEN 'INCREASE' THEN amount WHEN 'DECREASE' THEN -amount END) AS capital
    FROM capital_movements
    GROUP BY junta_id, type
)
INSERT INTO trueup.breaks (
    run_id, account_id, currency_code, compared_with, expected, actual, cause
)
SELECT
    %(run_id)s,
    concat_ws(
        ' ', coalesce(due.junta_id, booked.junta_id, '(no junta)'), coalesce(due.kind, booked.kind)
    ),
    asked.currency_code,
    'expected_balances',
    coalesce(due.capital, 0),
    coalesce(booked.capital, 0),
    format(
        '%%s rows of the app are due, %%s movements stand',
        coalesce(due.rows, 0), coalesce(booked.rows, 0)
    )
FROM due
FULL JOIN booked
    ON booked.kind = due.kind AND booked.junta_id IS NOT DISTINCT FROM due.junta_id
CROSS JOIN asked
WHERE
    coalesce(due.rows, 0) <> coalesce(booked.rows, 0)
    OR abs(coalesce(booked.capital, 0) - coalesce(due.capital, 0)) > %(tolerance)s::NUMERIC
