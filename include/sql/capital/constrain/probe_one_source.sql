-- Must be refused: a movement of two rows at once.
INSERT INTO capital_movements (amount, type, direction, junta_id, accion_id, multa_id)
VALUES (1, 'ACCION', 'INCREASE', %(probe)s, %(probe)s, %(probe)s)
