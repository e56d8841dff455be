-- Releases out of an account that is short take turns, in the order of the accounts' ids.
SELECT account.id
FROM accounts AS account
WHERE account.id = any(%(pools)s)
ORDER BY account.id
FOR NO KEY UPDATE;
