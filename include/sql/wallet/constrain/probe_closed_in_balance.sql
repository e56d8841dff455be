-- Must be refused: a transaction that is closed with one leg.
UPDATE coin_ledger_transactions SET status = 'closed' WHERE id = %(probe)s
