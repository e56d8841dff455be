-- Must be refused: a reserve below zero.
UPDATE bank_accounts SET reserved_balance = -1 WHERE id = %(probe)s
