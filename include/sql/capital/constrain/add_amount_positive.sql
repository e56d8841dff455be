-- A movement is above zero; which way it goes is its direction.
SELECT add_capital_rule(
    'capital_movements',
    'amount_positive',
    'CHECK (amount > 0)'
) AS added
