-- Deletes records that came a second time, in pages that overlap: the same record is one whose
-- whole text is the same and which has a key of its own.
WITH numbered AS (
    SELECT
        position,
        row_number() OVER (PARTITION BY raw ORDER BY position) AS occurrence
    FROM trueup.staged_entries
    WHERE run_id = %(run_id)s AND reason_code IS NULL AND raw::JSONB ? %(key)s
)
DELETE FROM trueup.staged_entries AS staged
USING numbered
WHERE
    staged.run_id = %(run_id)s
    AND staged.position = numbered.position
    AND numbered.occurrence > 1
