-- A loan has a status that the rules of capital know.
SELECT add_capital_rule(
    'Prestamo', 'status_known', 'CHECK (' || row_rule('status_known') || ')'
) AS added
