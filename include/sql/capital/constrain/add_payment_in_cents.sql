-- A payment is above zero and in whole cents.
SELECT add_capital_rule(
    'PagoPrestamo', 'payment_in_cents', 'CHECK (' || row_rule('payment_in_cents') || ')'
) AS added
