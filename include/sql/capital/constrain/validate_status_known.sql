-- Checks every row that stands against the rule; writers go on meanwhile.
SELECT validate_capital_rule('Prestamo', 'status_known') AS held
