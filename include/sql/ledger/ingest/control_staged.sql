-- Counts and fingerprints what is staged: an unlogged table is empty after a database crash.
SELECT
    count(*) AS staged_rows,
    coalesce(sum(hashtextextended(
        ROW(
            position, raw, ledger_id, debit_account_id, credit_account_id, amount, currency_code,
            asset_type, transaction_type, reference_id, timestamp_utc, fx_rate, metadata
        )::TEXT, 0
    )::NUMERIC), 0)::TEXT AS staged_hash
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
