-- A movement of a multa has its multa, at the end of a transaction.
SELECT add_capital_rule(
    'capital_movements',
    'multa_known',
    'FOREIGN KEY (multa_id) REFERENCES %%s (id) DEFERRABLE INITIALLY DEFERRED',
    'Multa'
) AS added
