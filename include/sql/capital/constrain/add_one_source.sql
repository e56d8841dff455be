-- A movement is of exactly one row of the app, and of its kind.
SELECT add_capital_rule(
    'capital_movements',
    'one_source',
    'CHECK (
        num_nonnulls(accion_id, multa_id, prestamo_id, pago_id) = 1
        AND (type <> ''ACCION'' OR accion_id IS NOT NULL)
        AND (type <> ''MULTA'' OR multa_id IS NOT NULL)
        AND (type <> ''PRESTAMO'' OR prestamo_id IS NOT NULL)
        AND (type <> ''PAGO'' OR pago_id IS NOT NULL)
    )'
) AS added
