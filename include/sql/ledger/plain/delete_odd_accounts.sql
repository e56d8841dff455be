-- Forgets accounts whose names the careful reader might read otherwise.
DELETE FROM accounts WHERE NOT is_name(account_id, $quote)
