-- Counts a table's rows and hashes them, whatever their order. Sums of two words of a SHA-256 per
-- row: no pair of changes cancels out as it would under XOR.
SELECT
    count(*) AS rows,
    concat_ws(
        ' ',
        sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
        sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
    ) AS content
FROM (
    SELECT left(encode(sha256(convert_to((source.*)::TEXT, 'UTF8')), 'hex'), 32) AS digest
    FROM {source} AS source
    -- Not the rows of tables that inherit from it: they are hashed with their own.
    WHERE source.tableoid = to_regclass(%(table)s)
) AS digests
