-- A lot is vested, released or cancelled.
ALTER TABLE vault_vesting_lots ADD CONSTRAINT vault_vesting_lots_status_known
CHECK (status IN ('VESTED', 'RELEASED', 'CANCELLED')) NOT VALID
