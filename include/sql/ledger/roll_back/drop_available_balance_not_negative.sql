-- Takes back the rule that the run applied.
ALTER TABLE bank_accounts DROP CONSTRAINT IF EXISTS bank_accounts_available_balance_not_negative
