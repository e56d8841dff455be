-- Finds entries whose reference says nothing.
SELECT
    'critical' AS severity,
    'entry ' || id AS subject,
    currency_code,
    NULL AS expected,
    amount AS actual,
    'The entry has no reference: nobody can tell whether it was posted before.' AS cause
FROM ledger_entries
WHERE btrim(reference_id) = ''
