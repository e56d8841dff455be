-- Carries the loans and payments of a key range over and books the movements that are due, as a
-- set, while no writer of their juntas is under way. What counts is the row as it is now: one that
-- was changed or deleted since it was read has been followed, or is booked as it is; it is
-- replayed.
CREATE OR REPLACE FUNCTION post_history(
    p_run_id TEXT,
    p_first_key BIGINT,
    p_last_key BIGINT,
    OUT posted BIGINT,
    OUT replayed BIGINT
) LANGUAGE plpgsql AS $$
DECLARE
    v_offered BIGINT;
    v_loans TEXT[];
    v_payments TEXT[];
BEGIN
    PERFORM hold_juntas(p_run_id, p_first_key, p_last_key);

    SELECT count(*) INTO v_offered FROM trueup.prepared_entries
    WHERE run_id = p_run_id AND position BETWEEN p_first_key AND p_last_key;

    v_loans := carry_rows(
        p_run_id, p_first_key, p_last_key, 'PRESTAMO', 'Prestamo', 'PrestamoNew'
    );
    v_payments := carry_rows(
        p_run_id, p_first_key, p_last_key, 'PAGO', 'PagoPrestamo', 'PagoPrestamoNew'
    );

    WITH live AS MATERIALIZED (
        SELECT
            staged.position, staged.kind, row.id, row.junta_id, row.type AS word,
            exact_amount(row.amount) AS amount, row.created_at AS occurred_at,
            NULL AS description
        FROM trueup.staged_entries AS staged
        INNER JOIN "Accion" AS row ON row.id = staged.source_id
        WHERE
            staged.run_id = p_run_id
            AND staged.position BETWEEN p_first_key AND p_last_key
            AND staged.kind = 'ACCION'
        UNION ALL
        SELECT
            staged.position, staged.kind, row.id, row.junta_id, row.status,
            exact_amount(row.amount), row.created_at, row.description
        FROM trueup.staged_entries AS staged
        INNER JOIN "Multa" AS row ON row.id = staged.source_id
        WHERE
            staged.run_id = p_run_id
            AND staged.position BETWEEN p_first_key AND p_last_key
            AND staged.kind = 'MULTA'
        UNION ALL
        SELECT
            staged.position, staged.kind, row.id, row.junta_id, row.status,
            exact_amount(row.amount), row.created_at, row.description
        FROM trueup.staged_entries AS staged
        INNER JOIN "Prestamo" AS row ON row.id = staged.source_id
        WHERE
            staged.run_id = p_run_id
            AND staged.position BETWEEN p_first_key AND p_last_key
            AND staged.kind = 'PRESTAMO'
        UNION ALL
        SELECT
            staged.position, staged.kind, row.id, loan.junta_id, NULL,
            exact_amount(row.amount), row.date, NULL
        FROM trueup.staged_entries AS staged
        INNER JOIN "PagoPrestamo" AS row ON row.id = staged.source_id
        LEFT JOIN "Prestamo" AS loan ON loan.id = row.prestamo_id
        WHERE
            staged.run_id = p_run_id
            AND staged.position BETWEEN p_first_key AND p_last_key
            AND staged.kind = 'PAGO'
    ), judged AS MATERIALIZED (
        SELECT
            live.*,
            prepared.over_available,
            -- As it was read, and nobody has followed it yet.
            (
                (prepared.junta_id, prepared.amount, prepared.moves)
                = (live.junta_id, live.amount, capital_moves(live.kind, live.word))
                AND CASE live.kind
                    WHEN 'PRESTAMO' THEN live.id = ANY(v_loans)
                    WHEN 'PAGO' THEN live.id = ANY(v_payments)
                    ELSE TRUE
                END
            ) IS TRUE AS is_as_read,
            capital_moves(live.kind, live.word) AS moves
        FROM live
        LEFT JOIN trueup.prepared_entries AS prepared
            ON prepared.run_id = p_run_id AND prepared.position = live.position
        LEFT JOIN "Junta" AS junta ON junta.id = live.junta_id
        WHERE
            capital_verdict(live.kind, live.word, live.amount, junta.id, live.occurred_at) IS NULL
    ), booked AS (
        INSERT INTO capital_movements (
            amount, type, direction, description, created_at, junta_id, prestamo_id, multa_id,
            accion_id, pago_id, over_available, run_id
        )
        SELECT
            amount, kind, CASE kind WHEN 'PRESTAMO' THEN 'DECREASE' ELSE 'INCREASE' END,
            description, occurred_at, junta_id,
            CASE WHEN kind = 'PRESTAMO' THEN id END,
            CASE WHEN kind = 'MULTA' THEN id END,
            CASE WHEN kind = 'ACCION' THEN id END,
            CASE WHEN kind = 'PAGO' THEN id END,
            coalesce(over_available, FALSE),
            p_run_id
        FROM judged
        WHERE moves
        ORDER BY position
        ON CONFLICT DO NOTHING
        RETURNING type, coalesce(prestamo_id, multa_id, accion_id, pago_id) AS source_id
    )
    SELECT count(*) INTO posted
    FROM judged
    LEFT JOIN booked ON booked.type = judged.kind AND booked.source_id = judged.id
    WHERE judged.is_as_read AND (booked.source_id IS NOT NULL OR NOT judged.moves);

    replayed := v_offered - posted;
END
$$;
