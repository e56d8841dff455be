-- Must be refused: a movement of a row that is not there.
SET CONSTRAINTS capital_movements_prestamo_known IMMEDIATE;
INSERT INTO capital_movements (amount, type, direction, junta_id, prestamo_id)
VALUES (1, 'PRESTAMO', 'DECREASE', 'trueup probe', 'trueup probe');
