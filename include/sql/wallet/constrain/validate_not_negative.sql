-- Checks every row that stands against the rule; writers go on meanwhile.
ALTER TABLE user_wallet VALIDATE CONSTRAINT user_wallet_not_negative
