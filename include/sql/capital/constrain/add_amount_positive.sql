-- A movement is above zero and in whole cents; which way it goes is its direction.
SELECT add_capital_rule(
    'capital_movements',
    'amount_positive',
    'CHECK (amount > 0 AND amount = round(amount, 2))'
) AS added
