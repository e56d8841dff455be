-- A movement of a loan has its loan. Asked at the end of a transaction: a row goes before its
-- movement, which follows it.
SELECT add_capital_rule(
    'capital_movements',
    'prestamo_known',
    'FOREIGN KEY (prestamo_id) REFERENCES %%s (id) DEFERRABLE INITIALLY DEFERRED',
    'Prestamo'
) AS added
