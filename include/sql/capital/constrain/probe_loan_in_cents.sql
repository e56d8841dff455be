-- Must be refused: an amount that is not in whole cents.
SELECT break_capital_rule('Prestamo', 'loan_in_cents', 'amount', '0.005') AS broken
