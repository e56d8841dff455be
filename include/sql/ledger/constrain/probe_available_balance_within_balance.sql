-- Must be refused: more available than there is.
UPDATE bank_accounts SET available_balance = 1 WHERE id = %(probe)s
