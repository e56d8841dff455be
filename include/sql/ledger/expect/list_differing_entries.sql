-- Lists prepared rows that do not stand in the ledger as they were prepared.
-- What this run wrote is compared column by column, what others wrote as a replay is.
-- A row that was quarantined while it was posted stands there differently, by its verdict.
WITH standing AS (
    SELECT
        prepared.position,
        prepared.reference_id,
        CASE
            WHEN entry.id IS NULL THEN 'missing'
            WHEN
                entry.run_id = %(run_id)s
                AND (
                    entry.debit_account_id IS DISTINCT FROM prepared.debit_account_id
                    OR entry.credit_account_id IS DISTINCT FROM prepared.credit_account_id
                    OR entry.amount IS DISTINCT FROM prepared.amount
                    OR entry.currency_code IS DISTINCT FROM prepared.currency_code
                    OR entry.asset_type IS DISTINCT FROM prepared.asset_type
                    OR entry.transaction_type IS DISTINCT FROM prepared.transaction_type
                    OR entry.timestamp_utc IS DISTINCT FROM prepared.timestamp_utc
                    OR entry.fx_rate IS DISTINCT FROM prepared.fx_rate
                    OR entry.metadata IS DISTINCT FROM prepared.metadata
                )
                THEN 'altered since'
            WHEN
                coalesce(entry.run_id, '') <> %(run_id)s
                AND NOT trueup.same_content(entry, prepared)
                THEN 'different'
        END AS fault
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
    fault
FROM standing
WHERE fault IS NOT NULL
ORDER BY position
