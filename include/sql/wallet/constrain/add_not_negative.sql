-- No wallet goes below zero but the contra account, which holds the other side of all of them.
ALTER TABLE user_wallet ADD CONSTRAINT user_wallet_not_negative
CHECK (balance >= 0 OR user_id = 'system') NOT VALID
