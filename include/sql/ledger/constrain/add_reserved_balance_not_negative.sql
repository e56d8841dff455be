-- Nobody reserves less than nothing.
ALTER TABLE bank_accounts ADD CONSTRAINT bank_accounts_reserved_balance_not_negative
CHECK (reserved_balance >= 0) NOT VALID
