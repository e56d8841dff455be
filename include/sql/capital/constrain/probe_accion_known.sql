-- Must be refused: a movement of a row that is not there.
SET CONSTRAINTS capital_movements_accion_known IMMEDIATE;
INSERT INTO capital_movements (amount, type, direction, junta_id, accion_id)
VALUES (1, 'ACCION', 'INCREASE', 'trueup probe', 'trueup probe');
