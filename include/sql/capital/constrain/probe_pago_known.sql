-- Must be refused: a movement of a row that is not there.
SET CONSTRAINTS capital_movements_pago_known IMMEDIATE;
INSERT INTO capital_movements (amount, type, direction, junta_id, pago_id)
VALUES (1, 'PAGO', 'INCREASE', 'trueup probe', 'trueup probe');
