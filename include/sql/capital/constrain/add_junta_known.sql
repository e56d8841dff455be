-- A movement has its junta, at the end of a transaction.
SELECT add_capital_rule(
    'capital_movements',
    'junta_known',
    'FOREIGN KEY (junta_id) REFERENCES %%s (id) DEFERRABLE INITIALLY DEFERRED',
    'Junta'
) AS added
