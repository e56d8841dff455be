-- No more is released than the lot holds.
ALTER TABLE vault_vesting_lots ADD CONSTRAINT vault_vesting_lots_released_within
CHECK (released_amount >= 0 AND released_amount <= amount) NOT VALID
