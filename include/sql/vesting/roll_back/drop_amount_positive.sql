-- Takes back the rule that the run applied.
ALTER TABLE vault_vesting_lots DROP CONSTRAINT IF EXISTS vault_vesting_lots_amount_positive
