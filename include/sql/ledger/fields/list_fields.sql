-- Lists the fields of today's ledger_entries: whether an older table has them, and requires them.
SELECT
    wanted.field,
    wanted.required,
    wanted.addable,
    attribute.attnum IS NOT NULL AS stands,
    coalesce(attribute.attnotnull, FALSE) AS not_null
FROM (
    VALUES
    ('id', TRUE, FALSE),
    ('debit_account_id', TRUE, FALSE),
    ('credit_account_id', TRUE, FALSE),
    ('amount', TRUE, FALSE),
    ('ledger_id', TRUE, TRUE),
    ('currency_code', TRUE, TRUE),
    ('asset_type', TRUE, TRUE),
    ('transaction_type', TRUE, TRUE),
    ('reference_id', TRUE, TRUE),
    ('timestamp_utc', TRUE, TRUE),
    ('fx_rate', FALSE, TRUE),
    ('metadata', FALSE, TRUE)
) AS wanted (field, required, addable)
LEFT JOIN pg_attribute AS attribute
    ON
        attribute.attrelid = to_regclass('ledger_entries')
        AND attribute.attname = wanted.field
        AND NOT attribute.attisdropped
WHERE to_regclass('ledger_entries') IS NOT NULL
ORDER BY wanted.field
