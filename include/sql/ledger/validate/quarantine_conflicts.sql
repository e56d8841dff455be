-- Quarantines entries whose reference stands for another content, in the source or in the ledger,
-- or was reversed there: taken for replays, they would be missing from the books.
-- Within one source no row of a conflicting key is right: all go, not all but the first. Plain rows
-- share no key, and those that conflict with the ledger have been staged again.
WITH doubtful AS MATERIALIZED (
    SELECT * FROM trueup.prepared_entries AS entry
    WHERE
        entry.run_id = %(run_id)s
        AND NOT entry.plain
        -- Posting leaves what it quarantines where it was prepared.
        AND NOT EXISTS (
            SELECT 1 FROM trueup.quarantine AS quarantined
            WHERE quarantined.run_id = %(run_id)s AND quarantined.position = entry.position
        )
), disputed AS (
    SELECT
        ledger_id,
        reference_id
    FROM (
        SELECT
            ledger_id,
            reference_id,
            coalesce(content_hash, ledger_entry_content(
                debit_account_id, credit_account_id, amount, currency_code, asset_type,
                transaction_type, timestamp_utc, fx_rate, metadata
            )) AS content,
            count(*) OVER (PARTITION BY ledger_id, reference_id) AS occurrences
        FROM doubtful
    ) AS repeated
    WHERE occurrences > 1
    GROUP BY ledger_id, reference_id
    HAVING count(DISTINCT content) > 1
), judged AS (
    SELECT
        entry.position,
        entry.reference_id,
        'conflicting_duplicate' AS reason_code,
        'Reference %%s stands in this source for different contents.' AS reason
    FROM doubtful AS entry
    INNER JOIN disputed USING (ledger_id, reference_id)
    UNION ALL
    SELECT
        entry.position,
        entry.reference_id,
        CASE WHEN trueup.same_content(standing, entry)
            THEN 'reversed_entry' ELSE 'conflicting_duplicate' END,
        CASE WHEN trueup.same_content(standing, entry)
            THEN 'Reference %%s was posted and reversed since; give the row a new one.'
            ELSE 'Reference %%s was posted with another content.' END
    FROM trueup.prepared_entries AS entry
    INNER JOIN ledger_entries AS standing USING (ledger_id, reference_id)
    WHERE
        entry.run_id = %(run_id)s
        AND entry.position IN (SELECT position FROM doubtful)
        AND (standing.run_id, standing.run_line) IS DISTINCT FROM (entry.run_id, entry.position)
        AND (
            NOT trueup.same_content(standing, entry)
            OR EXISTS (
                SELECT 1 FROM ledger_entries AS reversal WHERE reversal.reverses = standing.id
            )
            -- Another ledger sends back what it was sent, the original as well as its reversal.
            AND NOT EXISTS (
                SELECT 1
                FROM trueup.runs AS run
                INNER JOIN dual_ledger_outbox AS outbox ON outbox.entry_id = standing.id
                WHERE run.run_id = %(run_id)s AND run.plan ->> 'sovereign_bank_id' IS NOT NULL
            )
        )
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
    judged.reason_code,
    format(judged.reason, judged.reference_id),
    staged.raw,
    trueup.staged_fields(staged, judged.reference_id)
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
