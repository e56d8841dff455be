-- A loan has a status that the rules of capital know.
SELECT add_capital_rule(
    'Prestamo',
    'status_known',
    'CHECK ((status IN (''PENDING'', ''APPROVED'', ''REJECTED'', ''PAID'')) IS TRUE)'
) AS added
