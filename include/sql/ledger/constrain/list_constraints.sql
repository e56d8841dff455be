-- Lists the balance constraints that stand, and whether every row has been checked against them.
SELECT
    conname AS name,
    convalidated AS validated,
    pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE conrelid = 'bank_accounts'::REGCLASS AND contype = 'c' AND conname LIKE '%%balance%%'
ORDER BY conname
