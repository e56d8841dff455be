-- A loan takes capital, everything else brings it: no other word for a direction passes.
SELECT add_capital_rule(
    'capital_movements',
    'direction_of_type',
    'CHECK (
        direction = CASE type WHEN ''PRESTAMO'' THEN ''DECREASE'' ELSE ''INCREASE'' END
    )'
) AS added
