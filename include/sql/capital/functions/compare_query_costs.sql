-- What the app's typical queries cost on the old tables and on those beside them, by the planner's
-- own figures over fresh statistics; none where nothing stands beside.
CREATE OR REPLACE FUNCTION compare_query_costs()
RETURNS TABLE (query TEXT, before NUMERIC, after NUMERIC) LANGUAGE plpgsql AS $$
DECLARE
    v_loan TEXT;
    v_junta TEXT;
    v_query TEXT;
    v_plan JSON;
BEGIN
    IF app_table('Prestamo') = carried_table('Prestamo') THEN
        RETURN;
    END IF;
    EXECUTE format(
        'ANALYZE %s, %s, %s, %s', app_table('Prestamo'), app_table('PagoPrestamo'),
        carried_table('Prestamo'), carried_table('PagoPrestamo')
    );
    EXECUTE format('SELECT id, junta_id FROM %s LIMIT 1', app_table('Prestamo'))
    INTO v_loan, v_junta;
    FOREACH v_query IN ARRAY ARRAY[
        'SELECT * FROM %1$s WHERE id = %3$L',
        'SELECT * FROM %1$s WHERE junta_id = %4$L ORDER BY created_at DESC LIMIT 20',
        'SELECT status, count(*), sum(amount) FROM %1$s WHERE junta_id = %4$L GROUP BY status',
        'SELECT * FROM %2$s WHERE prestamo_id = %3$L ORDER BY date',
        'SELECT sum(payment.amount) FROM %2$s AS payment '
        'JOIN %1$s AS loan ON loan.id = payment.prestamo_id WHERE loan.junta_id = %4$L',
        'SELECT count(*), sum(amount) FROM %1$s',
        'SELECT count(*), sum(amount) FROM %2$s'
    ] LOOP
        query := format(v_query, '"Prestamo"', '"PagoPrestamo"', v_loan, v_junta);
        EXECUTE 'EXPLAIN (FORMAT JSON) ' || format(
            v_query, app_table('Prestamo'), app_table('PagoPrestamo'), v_loan, v_junta
        ) INTO v_plan;
        before := v_plan -> 0 -> 'Plan' ->> 'Total Cost';
        EXECUTE 'EXPLAIN (FORMAT JSON) ' || format(
            v_query, carried_table('Prestamo'), carried_table('PagoPrestamo'), v_loan, v_junta
        ) INTO v_plan;
        after := v_plan -> 0 -> 'Plan' ->> 'Total Cost';
        RETURN NEXT;
    END LOOP;
END
$$;
