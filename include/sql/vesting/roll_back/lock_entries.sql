-- Locks the lots that the next step takes back: a release that is at work ends first.
SELECT id
FROM vault_vesting_lots
WHERE run_id = %(run_id)s
ORDER BY run_line DESC
LIMIT %(batch_size)s
FOR UPDATE
