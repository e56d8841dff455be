-- Checks every row that stands against the rule; writers go on meanwhile.
ALTER TABLE vault_vesting_lots VALIDATE CONSTRAINT vault_vesting_lots_released_within
