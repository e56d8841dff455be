-- Checks every row that stands against the rule; writers go on meanwhile.
SELECT validate_capital_rule('capital_movements', 'pago_known') AS held
