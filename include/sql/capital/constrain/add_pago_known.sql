-- A movement of a payment has its payment, at the end of a transaction.
SELECT add_capital_rule(
    'capital_movements',
    'pago_known',
    'FOREIGN KEY (pago_id) REFERENCES %%s (id) DEFERRABLE INITIALLY DEFERRED',
    'PagoPrestamo'
) AS added
