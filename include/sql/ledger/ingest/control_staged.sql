-- Counts and fingerprints what is staged: an unlogged table is empty after a database crash.
-- The hash need not outlive the server's version, as a staging does not.
SELECT
    staged.rows + prepared.rows + blocks.rows AS staged_rows,
    (staged.hashes + prepared.hashes)::TEXT AS staged_hash
FROM (
    SELECT
        count(*) AS rows,
        coalesce(sum(hash_record_extended(
            ROW(
                position, raw, ledger_id, debit_account_id, credit_account_id, amount,
                currency_code, asset_type, transaction_type, reference_id, timestamp_utc, fx_rate,
                metadata
            ), 0
        )::NUMERIC), 0) AS hashes
    FROM trueup.staged_entries WHERE run_id = %(run_id)s
) AS staged, (
    SELECT
        count(*) AS rows,
        coalesce(sum(hash_record_extended(
            ROW(
                position, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
                asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
            ), 0
        )::NUMERIC), 0) AS hashes
    FROM trueup.prepared_entries WHERE run_id = %(run_id)s AND plain
) AS prepared, (
    SELECT coalesce(sum(plain_rows), 0)::BIGINT AS rows
    FROM trueup.source_blocks WHERE run_id = %(run_id)s
) AS blocks
