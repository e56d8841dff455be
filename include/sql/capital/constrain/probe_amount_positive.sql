-- Must be refused: a negative amount, which would turn its direction round.
INSERT INTO capital_movements (amount, type, direction, junta_id, accion_id)
VALUES (-1, 'ACCION', 'INCREASE', %(probe)s, %(probe)s)
