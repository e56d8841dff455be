-- Fingerprints what is staged, the same on every version of the server: two words of a SHA-256 per
-- row, added up.
SELECT encode(sha256(convert_to(concat_ws(
    ' ', count(*), sum(('x' || left(digest, 16))::BIT(64)::BIGINT),
    sum(('x' || right(digest, 16))::BIT(64)::BIGINT)
), 'UTF8')), 'hex') AS content_hash
FROM (
    SELECT
        left(encode(sha256(convert_to(
            concat_ws('|', position, reason_code, length(raw), raw), 'UTF8'
        )), 'hex'), 32) AS digest
    FROM trueup.staged_entries
    WHERE run_id = %(run_id)s
) AS digests
