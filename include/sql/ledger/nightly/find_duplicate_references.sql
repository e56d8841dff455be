-- Finds references that stand more than once in one ledger.
SELECT
    'critical' AS severity,
    reference_id AS subject,
    NULL AS currency_code,
    1 AS expected,
    count(*) AS actual,
    format('The reference stands %%s times in ledger %%s.', count(*), ledger_id) AS cause
FROM ledger_entries
GROUP BY ledger_id, reference_id
HAVING count(*) > 1
