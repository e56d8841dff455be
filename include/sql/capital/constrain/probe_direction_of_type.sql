-- Must be refused: the direction of an older app, which nothing tells from a decrease.
INSERT INTO capital_movements (amount, type, direction, junta_id, accion_id)
VALUES (1, 'ACCION', 'ingreso', %(probe)s, %(probe)s)
