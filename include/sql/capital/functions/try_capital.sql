-- What capital a junta has after rows like these, written through the triggers that stand, and what
-- it has after each of them was changed and deleted, which must be nothing; all of it is taken away
-- again. p_rows: [table, amount] pairs; payments pay the loan before them. NULL: the app's tables
-- demand something of a new row that only the app knows.
CREATE OR REPLACE FUNCTION try_capital(p_rows JSONB, OUT capital NUMERIC, OUT left_over NUMERIC)
LANGUAGE plpgsql AS $$
DECLARE
    v_junta CONSTANT TEXT := 'trueup probe ' || gen_random_uuid();
    v_row JSONB;
    -- By these they are found again: a pattern would read the app's tables from end to end.
    v_ids TEXT[] := '{}';
    v_loan TEXT;
    v_table TEXT;
BEGIN
    BEGIN
        PERFORM insert_probe('Junta', jsonb_build_object('id', v_junta, 'name', v_junta));
        FOR v_row IN SELECT * FROM jsonb_array_elements(p_rows) LOOP
            v_ids := v_ids || (v_junta || ' ' || cardinality(v_ids));
            v_table := v_row ->> 0;
            IF v_table = 'Prestamo' THEN
                v_loan := v_ids[cardinality(v_ids)];
            END IF;
            PERFORM insert_probe(v_table, jsonb_build_object(
                'id', v_ids[cardinality(v_ids)],
                'amount', v_row -> 1,
                'type', 'MENSUAL',
                'status', CASE v_table WHEN 'Prestamo' THEN 'APPROVED' ELSE 'PENDING' END,
                'junta_id', v_junta,
                'prestamo_id', v_loan
            ));
        END LOOP;
        capital := capital_of(v_junta);
        FOREACH v_table IN ARRAY '{PagoPrestamo,Prestamo,Multa,Accion}'::TEXT[] LOOP
            EXECUTE format(
                'UPDATE %I SET amount = amount * %s WHERE id = ANY($1)',
                v_table, CASE v_table WHEN 'Prestamo' THEN 0.5 ELSE 2 END
            ) USING v_ids;
            EXECUTE format('DELETE FROM %I WHERE id = ANY($1)', v_table) USING v_ids;
        END LOOP;
        left_over := capital_of(v_junta);
        RAISE EXCEPTION 'Tried' USING ERRCODE = 'TU000';
    EXCEPTION
        WHEN SQLSTATE 'TU000' THEN NULL;
        WHEN not_null_violation OR unique_violation OR foreign_key_violation THEN NULL;
    END;
END
$$;
