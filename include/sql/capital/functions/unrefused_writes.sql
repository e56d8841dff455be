-- What the rules of capital must refuse and let pass, written on a junta of its own through the
-- triggers that stand, and taken away again; no row: all of it was refused. What the app's tables
-- would not take from anybody but the app is passed over.
CREATE OR REPLACE FUNCTION unrefused_writes() RETURNS TABLE (attempt TEXT) LANGUAGE plpgsql AS $$
DECLARE
    v_probe CONSTANT TEXT := 'trueup probe ' || gen_random_uuid();
    v_case RECORD;
BEGIN
    FOR v_case IN
        SELECT * FROM (VALUES
            ('a negative multa', 'Multa', '{"amount": -1, "status": "PENDING"}'::JSONB),
            ('an accion of a tenth of a cent', 'Accion', '{"amount": 0.001}'),
            (
                'a loan above the available capital', 'Prestamo',
                '{"amount": 100.01, "status": "APPROVED"}'
            ),
            ('a loan of an unknown status', 'Prestamo', '{"amount": 1, "status": "ANULADO"}'),
            (
                'a movement of the direction ingreso', 'capital_movements',
                '{"amount": 1, "type": "ACCION", "direction": "ingreso"}'
            ),
            (
                'a loan that increases capital', 'capital_movements',
                '{"amount": 1, "type": "PRESTAMO", "direction": "INCREASE"}'
            )
        ) AS cases (name, of, given)
    LOOP
        BEGIN
            PERFORM insert_probe('Junta', jsonb_build_object('id', v_probe, 'name', v_probe));
            PERFORM insert_probe('Accion', jsonb_build_object(
                'id', v_probe, 'amount', 100, 'type', 'INICIAL', 'junta_id', v_probe
            ));
            PERFORM insert_probe('Prestamo', jsonb_build_object(
                'id', v_probe, 'amount', 1, 'status', 'PENDING', 'junta_id', v_probe
            ));
            PERFORM insert_probe(v_case.of, v_case.given || jsonb_build_object(
                'id', v_probe || ' refused', 'junta_id', v_probe, 'run_id', NULL,
                'accion_id', NULL, 'multa_id', NULL, 'pago_id', NULL, 'prestamo_id', v_probe
            ));
            RAISE EXCEPTION 'It was let pass' USING ERRCODE = 'TU000';
        EXCEPTION
            WHEN SQLSTATE 'TU000' THEN
                attempt := v_case.name;
                RETURN NEXT;
            WHEN check_violation OR not_null_violation OR unique_violation
            OR foreign_key_violation THEN NULL;
        END;
    END LOOP;
END
$$;
