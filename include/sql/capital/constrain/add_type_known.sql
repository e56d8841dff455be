-- A movement is of one of four types.
SELECT add_capital_rule(
    'capital_movements',
    'type_known',
    'CHECK (type IN (''ACCION'', ''MULTA'', ''PRESTAMO'', ''PAGO''))'
) AS added
