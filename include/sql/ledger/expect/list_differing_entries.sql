-- Lists prepared rows that do not stand in the ledger as they were prepared.
-- What this run wrote is compared column by column: an entry's hash says only what was written once.
-- A row that was quarantined while it was posted stands there differently, by its verdict.
WITH standing AS (
    SELECT
        prepared.position,
        prepared.reference_id,
        entry.id AS entry_id,
        CASE
            WHEN entry.run_id = %(run_id)s
                THEN ROW(
                    entry.debit_account_id, entry.credit_account_id, entry.amount,
                    entry.currency_code, entry.asset_type, entry.transaction_type,
                    entry.timestamp_utc, entry.fx_rate, entry.metadata
                ) IS NOT DISTINCT FROM ROW(
                    prepared.debit_account_id, prepared.credit_account_id, prepared.amount,
                    prepared.currency_code, prepared.asset_type, prepared.transaction_type,
                    prepared.timestamp_utc, prepared.fx_rate, prepared.metadata
                )
            ELSE coalesce(entry.content_hash, ledger_entry_content(
                entry.debit_account_id, entry.credit_account_id, entry.amount,
                entry.currency_code, entry.asset_type, entry.transaction_type,
                entry.timestamp_utc, entry.fx_rate, entry.metadata
            )) = prepared.content_hash
        END AS same_content
    FROM trueup.prepared_entries AS prepared
    LEFT JOIN ledger_entries AS entry USING (ledger_id, reference_id)
    WHERE
        prepared.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT 1 FROM trueup.quarantine AS quarantined
            WHERE
                quarantined.run_id = %(run_id)s
                AND quarantined.position = prepared.position
        )
)
SELECT
    position,
    reference_id,
    CASE WHEN entry_id IS NULL THEN 'missing' ELSE 'different' END AS fault
FROM standing
WHERE entry_id IS NULL OR NOT same_content
ORDER BY position
