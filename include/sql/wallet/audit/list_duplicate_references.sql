-- Lists opening balances that were brought more than once; possible only where the unique key is
-- missing.
SELECT
    'wallet' AS ledger_id,
    external_ref AS reference_id,
    count(*) AS entries
FROM coin_ledger_transactions
WHERE type IN ('opening_balance', 'true_up') AND external_ref IS NOT NULL
GROUP BY external_ref
HAVING count(*) > 1
ORDER BY external_ref
