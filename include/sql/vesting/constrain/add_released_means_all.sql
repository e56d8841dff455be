-- A lot is released when all of it is, and not before.
ALTER TABLE vault_vesting_lots ADD CONSTRAINT vault_vesting_lots_released_means_all
CHECK ((status = 'RELEASED') = (released_amount = amount)) NOT VALID
