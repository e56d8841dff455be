-- A loan is above zero and in whole cents.
SELECT add_capital_rule(
    'Prestamo', 'loan_in_cents', 'CHECK (' || row_rule('loan_in_cents') || ')'
) AS added
