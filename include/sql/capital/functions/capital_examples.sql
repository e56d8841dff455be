-- The worked examples that people check the rules of capital by, and what they come to here.
-- Without an outcome: it could not be tried.
CREATE OR REPLACE FUNCTION capital_examples()
RETURNS TABLE (example TEXT, expected NUMERIC, actual NUMERIC) LANGUAGE plpgsql AS $$
DECLARE
    v_tried RECORD;
    v_case RECORD;
BEGIN
    FOR v_case IN
        SELECT * FROM (VALUES
            (
                '1000 - 500 + 50 + 200', 750.00,
                '[["Accion", 1000], ["Prestamo", 500], ["Multa", 50], ["PagoPrestamo", 200]]'::JSONB
            ),
            (
                '1000 - 1000 + 0.01', 0.01,
                '[["Accion", 1000], ["Prestamo", 1000], ["Multa", 0.01]]'
            ),
            (
                '100 x 0.01 + 1000000', 1000001.00,
                (
                    SELECT jsonb_agg(jsonb_build_array('Accion', 0.01))
                    FROM generate_series(1, 100)
                ) || '[["Accion", 1000000]]'
            ),
            (
                '1000 - 1000 + what a loan of 1000 at 5 % over 12 periods pays', 1353.89,
                '[["Accion", 1000], ["Prestamo", 1000]]'::JSONB || (
                    SELECT jsonb_agg(jsonb_build_array('PagoPrestamo', amount) ORDER BY number)
                    FROM installments(1000, 0.05, 12)
                )
            )
        ) AS cases (name, outcome, rows)
    LOOP
        v_tried := try_capital(v_case.rows);
        example := v_case.name;
        expected := v_case.outcome;
        actual := v_tried.capital;
        RETURN NEXT;
        example := v_case.name || ', each row changed and deleted';
        expected := 0;
        actual := v_tried.left_over;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY
    SELECT format('instalment %s of 1000 at 5 %% over 12 periods', number), 112.83, amount
    FROM installments(1000, 0.05, 12) WHERE number < 12
    UNION ALL
    SELECT 'the last instalment, which takes the rounding', 112.76, amount
    FROM installments(1000, 0.05, 12) WHERE number = 12;
END
$$;
