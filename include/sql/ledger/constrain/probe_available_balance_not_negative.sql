-- Must be refused: below zero without leave.
UPDATE bank_accounts SET balance = -1, available_balance = -1 WHERE id = %(probe)s
