-- Hashes the rows up to an id, the fields named aside, whatever their physical order: sums of two
-- 64-bit words of a SHA-256 per row.
SELECT
    count(*) AS rows,
    coalesce(max(id), 0) AS last_id,
    encode(sha256(convert_to(concat_ws(
        ' ', count(*), sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
        sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
    ), 'UTF8')), 'hex') AS hash
FROM (
    SELECT
        id,
        left(encode(sha256(convert_to(
            (to_jsonb(entry) - %(added)s::TEXT[])::TEXT, 'UTF8'
        )), 'hex'), 32) AS digest
    FROM ledger_entries AS entry
    WHERE id <= coalesce(%(last_id)s, id)
) AS digests
