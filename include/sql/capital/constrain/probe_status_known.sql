-- Must be refused: a word that is no status.
SELECT break_capital_rule('Prestamo', 'status_known', 'status', 'ingreso') AS broken
