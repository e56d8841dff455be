-- A lot holds something.
ALTER TABLE vault_vesting_lots ADD CONSTRAINT vault_vesting_lots_amount_positive
CHECK (amount > 0) NOT VALID
