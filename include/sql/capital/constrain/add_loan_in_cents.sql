-- A loan is above zero and in whole cents.
SELECT add_capital_rule(
    'Prestamo',
    'loan_in_cents',
    'CHECK ((amount > 0 AND amount < 1e18 AND amount = round(amount, 2)) IS TRUE)'
) AS added
