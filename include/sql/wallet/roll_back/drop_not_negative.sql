-- Takes back the rule that the run applied.
ALTER TABLE user_wallet DROP CONSTRAINT IF EXISTS user_wallet_not_negative
