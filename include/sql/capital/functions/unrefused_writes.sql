-- What the rules of capital must refuse, written on a junta of its own through the triggers that
-- stand, and taken away again: what they let pass, and what something else refused, so that nobody
-- knows what they would have said. No row: each was refused by the rule that is meant.
CREATE OR REPLACE FUNCTION unrefused_writes()
RETURNS TABLE (attempt TEXT, passed BOOLEAN, refused_by TEXT) LANGUAGE plpgsql AS $$
DECLARE
    v_probe CONSTANT TEXT := 'trueup probe ' || gen_random_uuid();
    v_case RECORD;
    v_message TEXT;
BEGIN
    FOR v_case IN
        SELECT * FROM (VALUES
            (
                'a negative multa', 'Multa', '{"amount": -1, "status": "PENDING"}'::JSONB,
                'Multa_invalid_amount'
            ),
            (
                'an accion of a tenth of a cent', 'Accion', '{"amount": 0.001}',
                'Accion_excess_precision'
            ),
            (
                'a loan above the available capital', 'Prestamo',
                '{"amount": 100.01, "status": "APPROVED"}', 'Junta_capital_not_overdrawn'
            ),
            (
                'a loan of an unknown status', 'Prestamo', '{"amount": 1, "status": "ANULADO"}',
                'Prestamo_status_known'
            ),
            -- Of a loan that has no movement, so that the direction is all that is wrong with it.
            (
                'a movement of the direction ingreso', 'capital_movements',
                '{"amount": 1, "type": "PRESTAMO", "direction": "ingreso"}',
                'capital_movements_direction_of_type'
            ),
            (
                'a loan that increases capital', 'capital_movements',
                '{"amount": 1, "type": "PRESTAMO", "direction": "INCREASE"}',
                'capital_movements_direction_of_type'
            )
        ) AS cases (name, of, given, rule)
    LOOP
        attempt := v_case.name;
        passed := FALSE;
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
                passed := TRUE;
                refused_by := NULL;
                RETURN NEXT;
            WHEN integrity_constraint_violation THEN
                GET STACKED DIAGNOSTICS
                refused_by = CONSTRAINT_NAME, v_message = MESSAGE_TEXT;
                refused_by := coalesce(nullif(refused_by, ''), v_message);
                IF refused_by <> v_case.rule THEN
                    RETURN NEXT;
                END IF;
        END;
    END LOOP;
END
$$;
