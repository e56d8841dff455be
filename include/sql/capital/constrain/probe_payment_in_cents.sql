-- Must be refused: an amount below zero.
SELECT break_capital_rule('PagoPrestamo', 'amount', '-1') AS broken
