-- Must be refused: a word that is no status.
SELECT break_capital_rule('Prestamo', 'status', 'ingreso') AS broken
