-- Counts and fingerprints what is staged; the hash need not outlive the server's version.
SELECT
    count(*) AS staged_rows,
    coalesce(sum(row_hash), 0)::TEXT AS staged_hash
FROM (
    SELECT hash_record_extended(ROW(
        position, reason_code, raw, kind, source_id, junta_id, prestamo_id, word, amount,
        occurred_at
    ), 0) AS row_hash
    FROM trueup.staged_entries WHERE run_id = %(run_id)s
) AS hashed
