-- Must be refused: a movement of a row that is not there.
SET CONSTRAINTS capital_movements_multa_known IMMEDIATE;
INSERT INTO capital_movements (amount, type, direction, junta_id, multa_id)
VALUES (1, 'MULTA', 'INCREASE', 'trueup probe', 'trueup probe');
