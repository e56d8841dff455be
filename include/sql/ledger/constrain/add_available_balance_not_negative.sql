-- Nobody overdraws, but who may, and an account of a backfill that is still posting.
ALTER TABLE bank_accounts ADD CONSTRAINT bank_accounts_available_balance_not_negative
CHECK (available_balance >= 0 OR allow_overdraft OR backfill_run_id IS NOT NULL) NOT VALID
