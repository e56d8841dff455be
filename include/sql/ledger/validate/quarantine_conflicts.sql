-- Quarantines entries whose reference stands for another content, in the source or in the ledger.
-- Within one source no row of a conflicting key is right: all go, not all but the first.
WITH disputed AS (
    SELECT
        ledger_id,
        reference_id
    FROM trueup.prepared_entries
    WHERE run_id = %(run_id)s
    GROUP BY ledger_id, reference_id
    HAVING count(DISTINCT content_hash) > 1
), judged AS (
    SELECT
        entry.position,
        entry.reference_id,
        'Reference %%s stands in this source for different contents.' AS reason
    FROM trueup.prepared_entries AS entry
    INNER JOIN disputed USING (ledger_id, reference_id)
    WHERE entry.run_id = %(run_id)s
    UNION ALL
    SELECT
        entry.position,
        entry.reference_id,
        'Reference %%s was posted with another content.'
    FROM trueup.prepared_entries AS entry
    INNER JOIN ledger_entries AS standing USING (ledger_id, reference_id)
    WHERE
        entry.run_id = %(run_id)s
        AND (standing.run_id, standing.run_line) IS DISTINCT FROM (entry.run_id, entry.position)
        AND entry.content_hash <> coalesce(standing.content_hash, ledger_entry_content(
            standing.debit_account_id, standing.credit_account_id, standing.amount,
            standing.currency_code, standing.asset_type, standing.transaction_type,
            standing.timestamp_utc, standing.fx_rate, standing.metadata
        ))
        AND (entry.ledger_id, entry.reference_id) NOT IN (
            SELECT ledger_id, reference_id FROM disputed
        )
), removed AS (
    DELETE FROM trueup.prepared_entries AS entry USING judged
    WHERE entry.run_id = %(run_id)s AND entry.position = judged.position
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    judged.position,
    'validate',
    'conflicting_duplicate',
    format(judged.reason, judged.reference_id),
    staged.raw,
    trueup.staged_fields(staged, judged.reference_id)
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
