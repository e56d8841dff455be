-- Fingerprints the ordered verdicts: key and content of what is postable, key of what is not.
-- Hashed in chunks of positions, then over the chunks: no text of a whole source in memory.
WITH verdicts AS (
    SELECT position, ROW(ledger_id, reference_id, content_hash, 'postable')::TEXT AS verdict
    FROM trueup.prepared_entries
    WHERE run_id = %(run_id)s
    UNION ALL
    SELECT
        position,
        -- A hash of the raw text: together a chunk's texts may be more than one value can hold.
        ROW(fields ->> 'referenceId', sha256(convert_to(raw, 'UTF8')), reason_code)::TEXT
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
)), 'hex'), 'empty') AS verdicts
FROM chunks
