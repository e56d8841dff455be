-- Counts and fingerprints what is staged; the hash need not outlive the server's version.
SELECT
    count(*) AS staged_rows,
    coalesce(sum(row_hash), 0)::TEXT AS staged_hash
FROM (
    SELECT hash_record_extended(ROW(
        position, reason_code, raw, user_id, total_coins, wallet_id, balance, available_balance,
        journal_balance, journal_entries, one_legged
    ), 0) AS row_hash
    FROM trueup.staged_entries WHERE run_id = %(run_id)s
) AS hashed
