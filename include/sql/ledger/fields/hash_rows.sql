-- Hashes the rows up to an id by the columns named, whatever their physical order: sums of two
-- 64-bit words of a SHA-256 per row.
WITH others AS (
    SELECT coalesce(array_agg(attname::TEXT), '{}') AS names
    FROM pg_attribute
    WHERE
        attrelid = to_regclass('ledger_entries')
        AND attnum > 0
        AND NOT attisdropped
        AND attname <> ALL(%(columns)s)
)
SELECT
    count(*) AS rows,
    encode(sha256(convert_to(concat_ws(
        ' ', count(*), sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
        sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
    ), 'UTF8')), 'hex') AS hash
FROM (
    SELECT
        left(encode(sha256(convert_to(
            (to_jsonb(entry.*) - others.names)::TEXT, 'UTF8'
        )), 'hex'), 32) AS digest
    FROM ledger_entries AS entry
    CROSS JOIN others
    WHERE entry.id <= %(last_id)s
) AS digests
