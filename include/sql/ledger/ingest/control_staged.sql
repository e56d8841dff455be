-- Counts and fingerprints what is staged: an unlogged table is empty after a database crash.
-- The hash need not outlive the server's version, as a staging does not.
WITH staged AS (
    SELECT count(*) AS rows, coalesce(sum(row_hash), 0) AS hash_sum
    FROM (
        SELECT hash_record_extended(ROW(
            position, raw, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
            asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
        ), 0) AS row_hash
        FROM trueup.staged_entries WHERE run_id = %(run_id)s
    ) AS hashed
), prepared AS (
    SELECT count(*) AS rows, coalesce(sum(row_hash), 0) AS hash_sum
    FROM (
        SELECT hash_record_extended(ROW(
            position, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
            asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
        ), 0) AS row_hash
        FROM trueup.prepared_entries WHERE run_id = %(run_id)s AND plain
    ) AS hashed
), direct AS (
    SELECT coalesce(sum(plain_rows), 0)::BIGINT AS rows
    FROM trueup.source_blocks WHERE run_id = %(run_id)s
)
SELECT
    staged.rows + prepared.rows + direct.rows AS staged_rows,
    (staged.hash_sum + prepared.hash_sum)::TEXT AS staged_hash
FROM staged, prepared, direct
