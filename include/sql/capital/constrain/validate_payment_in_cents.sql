-- Checks every row that stands against the rule; writers go on meanwhile.
SELECT validate_capital_rule('PagoPrestamo', 'payment_in_cents') AS held
