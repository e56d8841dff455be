-- Lists the checks of the lots that stand, and whether every row has been checked against them.
SELECT
    conname AS name,
    convalidated AS validated,
    pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE conrelid = 'vault_vesting_lots'::REGCLASS AND contype = 'c'
ORDER BY conname
