-- Tells whether references are unique within their ledger, and whether the key's name is taken.
SELECT
    count(*) > 0 AS found,
    to_regclass('ledger_entries_reference_unique') IS NOT NULL AS taken
FROM pg_constraint
WHERE
    conrelid = to_regclass('ledger_entries')
    AND contype IN ('p', 'u')
    AND (
        SELECT array_agg(attribute.attname::TEXT ORDER BY attribute.attname)
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = conrelid AND attribute.attnum = ANY(conkey)
    ) = ARRAY['ledger_id', 'reference_id']
