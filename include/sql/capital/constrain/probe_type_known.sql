-- Must be refused: a type that nobody knows.
INSERT INTO capital_movements (amount, type, direction, junta_id, accion_id)
VALUES (1, 'AHORRO', 'INCREASE', %(probe)s, %(probe)s)
