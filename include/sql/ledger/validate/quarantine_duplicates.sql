-- Quarantines what was posted before, and repetitions in the source; for skip_duplicates = false.
WITH numbered AS (
    SELECT
        entry.position,
        entry.reference_id,
        -- What this very run has posted before a crash is its own, not a duplicate.
        standing.id IS NOT NULL
        AND NOT coalesce(
            standing.run_id = entry.run_id AND standing.run_line = entry.position, FALSE
        ) AS posted_before,
        row_number() OVER (
            PARTITION BY entry.ledger_id, entry.reference_id ORDER BY entry.position
        ) AS occurrence
    FROM trueup.prepared_entries AS entry
    LEFT JOIN ledger_entries AS standing USING (ledger_id, reference_id)
    WHERE
        entry.run_id = %(run_id)s
        AND NOT entry.plain
        -- Posting leaves what it quarantines where it was prepared.
        AND NOT EXISTS (
            SELECT 1 FROM trueup.quarantine AS quarantined
            WHERE quarantined.run_id = %(run_id)s AND quarantined.position = entry.position
        )
), judged AS (
    SELECT * FROM numbered WHERE posted_before OR occurrence > 1
), removed AS (
    DELETE FROM trueup.prepared_entries AS entry USING judged
    WHERE entry.run_id = %(run_id)s AND entry.position = judged.position
)
INSERT INTO trueup.quarantine (run_id, position, stage, reason_code, reason, raw, fields)
SELECT
    %(run_id)s,
    judged.position,
    'validate',
    'duplicate_reference',
    format(
        CASE
            WHEN judged.posted_before
                THEN 'Reference %%s was posted before; skip_duplicates is off.'
            ELSE 'Reference %%s stood in this source before; skip_duplicates is off.'
        END, judged.reference_id
    ),
    staged.raw,
    trueup.staged_fields(staged, judged.reference_id)
FROM judged
INNER JOIN trueup.staged_entries AS staged
    ON staged.run_id = %(run_id)s AND staged.position = judged.position
