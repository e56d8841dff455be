-- Tells whether references are unique within their ledger.
SELECT count(*) > 0 AS found
FROM pg_constraint
WHERE
    conrelid = to_regclass('ledger_entries')
    AND contype IN ('p', 'u')
    AND (
        SELECT array_agg(attribute.attname::TEXT ORDER BY attribute.attname)
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = conrelid AND attribute.attnum = ANY(conkey)
    ) = ARRAY['ledger_id', 'reference_id']
