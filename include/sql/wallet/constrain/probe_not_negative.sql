-- Must be refused: a wallet below zero that is not the contra account.
UPDATE user_wallet SET balance = -1 WHERE wallet_id = %(probe)s
