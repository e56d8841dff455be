-- What is available and what is reserved never exceed the balance.
ALTER TABLE bank_accounts ADD CONSTRAINT bank_accounts_available_balance_within_balance
CHECK (available_balance + reserved_balance <= balance) NOT VALID
