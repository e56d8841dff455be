-- Checks every row that stands against the rule; writers go on meanwhile.
ALTER TABLE bank_accounts VALIDATE CONSTRAINT bank_accounts_reserved_balance_not_negative
