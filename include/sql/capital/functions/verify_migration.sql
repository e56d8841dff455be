-- Everything that is wrong with a migration, check by check; no row: nothing is. It is asked before
-- the cutover, and may be asked at any time after it. p_check: one check only; p_run_id: the run
-- whose quarantine is known.
CREATE OR REPLACE FUNCTION verify_migration(p_check TEXT DEFAULT NULL, p_run_id TEXT DEFAULT NULL)
RETURNS TABLE (check_name TEXT, subject TEXT, found TEXT) LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(p_check, 'shadow') = 'shadow' THEN
        RETURN QUERY
        SELECT
            'shadow', format('"%s" %s', table_name, row_id),
            CASE
                WHEN new_row IS NULL THEN 'It was not carried over.'
                WHEN old_row IS NULL THEN 'It is only in the new table.'
                ELSE 'It was carried over otherwise than it stands.'
            END
        FROM shadow_differences();
    END IF;
    IF coalesce(p_check, 'movements') = 'movements' THEN
        RETURN QUERY
        SELECT 'movements', concat_ws(' ', kind, source_id), cause
        FROM capital_differences(p_run_id);
    END IF;
    IF coalesce(p_check, 'rules') = 'rules' THEN
        RETURN QUERY SELECT 'rules', faults.subject, cause FROM capital_faults() AS faults;
    END IF;
    IF coalesce(p_check, 'orphans') = 'orphans' THEN
        RETURN QUERY EXECUTE format(
            $sql$
            SELECT 'orphans', 'payment ' || payment.id, 'It pays no loan that is there.'
            FROM %1$s AS payment
            LEFT JOIN %2$s AS loan ON loan.id = payment.prestamo_id
            WHERE loan.id IS NULL
            UNION ALL
            SELECT 'orphans', 'loan ' || loan.id, 'It is of no junta that is there.'
            FROM %2$s AS loan
            LEFT JOIN "Junta" AS junta ON junta.id = loan.junta_id
            WHERE junta.id IS NULL
            $sql$,
            carried_table('PagoPrestamo'), carried_table('Prestamo')
        );
    END IF;
    IF coalesce(p_check, 'capital') = 'capital' THEN
        RETURN QUERY
        SELECT
            'capital', 'junta ' || junta_id,
            format('It has %s, %s are available, and its movements come to %s.',
            current, available, booked)
        FROM capital_books()
        WHERE base <> booked_base OR current <> booked OR available <> booked;
    END IF;
    IF coalesce(p_check, 'examples') = 'examples' THEN
        RETURN QUERY
        SELECT
            CASE WHEN actual IS NULL THEN 'untried' ELSE 'examples' END,
            example,
            CASE
                WHEN actual IS NULL THEN 'The app demands of a new row what only the app knows.'
                ELSE format('It comes to %s instead of %s.', actual, expected)
            END
        FROM capital_examples()
        WHERE actual IS DISTINCT FROM expected;
    END IF;
    IF coalesce(p_check, 'costs') = 'costs' THEN
        RETURN QUERY
        SELECT 'costs', query, format('It would cost %s instead of %s.', after, before)
        FROM compare_query_costs()
        -- Other statistics of the same rows, and pages of another fullness.
        WHERE after > before * 1.2 + 1;
    END IF;
END
$$;
