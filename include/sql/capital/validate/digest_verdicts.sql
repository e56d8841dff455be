-- Fingerprints the verdicts: key, content and reason of every row that cannot be booked, in order.
-- All others can, and what they say is bound by the fingerprint of the source.
WITH verdicts AS (
    SELECT
        position,
        -- A hash of the raw text: together a chunk's texts may be more than one value can hold.
        ROW(
            fields ->> 'kind', fields ->> 'id', sha256(convert_to(raw, 'UTF8')), reason_code
        )::TEXT AS verdict
    FROM trueup.quarantine
    WHERE run_id = %(run_id)s
), chunks AS (
    SELECT
        position / 10000 AS chunk,
        encode(sha256(convert_to(
            string_agg(position || ' ' || verdict, E'\n' ORDER BY position), 'UTF8'
        )), 'hex') AS chunk_hash
    FROM verdicts
    GROUP BY chunk
)
SELECT coalesce(encode(sha256(convert_to(
    string_agg(chunk_hash, ' ' ORDER BY chunk), 'UTF8'
)), 'hex'), 'none') AS verdicts
FROM chunks
