-- Checks every row that stands against the rule; writers go on meanwhile.
SELECT validate_capital_rule('capital_movements', 'accion_known') AS held
