-- Lists references that stand more than once; possible only where the unique key is missing.
SELECT
    ledger_id,
    reference_id,
    count(*) AS entries
FROM ledger_entries
GROUP BY ledger_id, reference_id
HAVING count(*) > 1
ORDER BY ledger_id, reference_id
