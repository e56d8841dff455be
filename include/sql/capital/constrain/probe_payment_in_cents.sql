-- Must be refused: an amount below zero.
SELECT break_capital_rule('PagoPrestamo', 'payment_in_cents', 'amount', '-1') AS broken
