-- Of the rows that others have changed since a migration opened, those that were not followed as
-- they stand, and loans and payments that the rules to come forbid. Asked under the lock of the
-- cutover, when everything else has been compared: a writer whose transaction saw an older state
-- than the follower wrote may have left something behind. Only those rows are looked up.
CREATE OR REPLACE FUNCTION changed_differences(p_run_id TEXT)
RETURNS TABLE (kind TEXT, source_id TEXT, cause TEXT)
LANGUAGE plpgsql STABLE SET extra_float_digits = 1 AS $$
#variable_conflict use_column
DECLARE
    v_name TEXT;
BEGIN
    FOREACH v_name IN ARRAY '{Prestamo,PagoPrestamo}'::TEXT[] LOOP
        RETURN QUERY EXECUTE format(
            $sql$
            SELECT %1$L, changed.row_id, 'It does not stand in the new table as in the old one.'
            FROM (
                SELECT row_id FROM trueup.capital_changes WHERE run_id = $1 AND table_name = %1$L
            ) AS changed
            LEFT JOIN LATERAL (
                SELECT ROW(%4$s)::TEXT AS said FROM %2$s AS live WHERE live.id = changed.row_id
            ) AS old ON TRUE
            LEFT JOIN LATERAL (
                SELECT ROW(%4$s)::TEXT AS said FROM %3$s AS live WHERE live.id = changed.row_id
            ) AS new ON TRUE
            WHERE new.said IS DISTINCT FROM old.said
            $sql$,
            v_name, app_table(v_name), carried_table(v_name),
            shadow_columns(app_table(v_name), carried_table(v_name))
        ) USING p_run_id;
    END LOOP;
    RETURN QUERY
    WITH changed AS (
        SELECT table_name, row_id FROM trueup.capital_changes WHERE run_id = p_run_id
        UNION
        -- What is paid on a loan is its junta's.
        SELECT 'PagoPrestamo', payment.id
        FROM trueup.capital_changes AS change
        INNER JOIN "PagoPrestamo" AS payment ON payment.prestamo_id = change.row_id
        WHERE change.run_id = p_run_id AND change.table_name = 'Prestamo'
    ), live AS (
        SELECT
            'ACCION' AS kind, changed.row_id AS id, row.junta_id, row.type AS word,
            exact_amount(row.amount) AS amount, row.created_at AS at, row.id IS NOT NULL AS stands
        FROM changed
        LEFT JOIN "Accion" AS row ON row.id = changed.row_id
        WHERE changed.table_name = 'Accion'
        UNION ALL
        SELECT
            'MULTA', changed.row_id, row.junta_id, row.status, exact_amount(row.amount),
            row.created_at, row.id IS NOT NULL
        FROM changed
        LEFT JOIN "Multa" AS row ON row.id = changed.row_id
        WHERE changed.table_name = 'Multa'
        UNION ALL
        SELECT
            'PRESTAMO', changed.row_id, row.junta_id, row.status, exact_amount(row.amount),
            row.created_at, row.id IS NOT NULL
        FROM changed
        LEFT JOIN "Prestamo" AS row ON row.id = changed.row_id
        WHERE changed.table_name = 'Prestamo'
        UNION ALL
        SELECT
            'PAGO', changed.row_id, loan.junta_id, NULL, exact_amount(row.amount), row.date,
            row.id IS NOT NULL
        FROM changed
        LEFT JOIN "PagoPrestamo" AS row ON row.id = changed.row_id
        LEFT JOIN "Prestamo" AS loan ON loan.id = row.prestamo_id
        WHERE changed.table_name = 'PagoPrestamo'
    ), judged AS (
        SELECT
            live.*,
            CASE
                WHEN live.stands
                    THEN capital_verdict(live.kind, live.word, live.amount, junta.id, live.at)
            END AS verdict
        FROM live
        LEFT JOIN "Junta" AS junta ON junta.id = live.junta_id
    ), booked AS (
        SELECT
            judged.*,
            judged.stands AND judged.verdict IS NULL AND capital_moves(judged.kind, judged.word)
                AS due,
            movement.id AS movement_id,
            (movement.amount, movement.junta_id, movement.created_at)
            = (judged.amount, judged.junta_id, judged.at) AS is_it
        FROM judged
        LEFT JOIN LATERAL (
            SELECT * FROM capital_movements WHERE accion_id = judged.id AND judged.kind = 'ACCION'
            UNION ALL
            SELECT * FROM capital_movements WHERE multa_id = judged.id AND judged.kind = 'MULTA'
            UNION ALL
            SELECT * FROM capital_movements
            WHERE prestamo_id = judged.id AND judged.kind = 'PRESTAMO'
            UNION ALL
            SELECT * FROM capital_movements WHERE pago_id = judged.id AND judged.kind = 'PAGO'
        ) AS movement ON TRUE
    )
    SELECT booked.kind, booked.id, CASE
        WHEN booked.verdict IS NOT NULL THEN 'It cannot be booked (' || booked.verdict || ').'
        WHEN NOT booked.due THEN 'It has a movement and moves nothing.'
        WHEN booked.movement_id IS NULL THEN 'It has no movement.'
        ELSE 'Its movement says something else.'
    END
    FROM booked
    WHERE
        CASE
            WHEN booked.verdict IS NOT NULL THEN NOT EXISTS (
                SELECT 1 FROM trueup.quarantine AS quarantined
                WHERE
                    quarantined.run_id = p_run_id
                    AND quarantined.fields ->> 'kind' = booked.kind
                    AND quarantined.fields ->> 'id' = booked.id
                    AND booked.kind IN ('ACCION', 'MULTA')
                    AND booked.movement_id IS NULL
            )
            WHEN booked.due THEN booked.is_it IS NOT TRUE
            ELSE booked.movement_id IS NOT NULL
        END;
END
$$;
