-- A movement of an accion has its accion, at the end of a transaction.
SELECT add_capital_rule(
    'capital_movements',
    'accion_known',
    'FOREIGN KEY (accion_id) REFERENCES %%s (id) DEFERRABLE INITIALLY DEFERRED',
    'Accion'
) AS added
