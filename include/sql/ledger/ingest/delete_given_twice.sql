-- Deletes records that came a second time, in pages that overlap: the same record is one whose
-- whole text is the same and which has a key of its own. What cannot be read as JSONB has none that
-- can be seen, and must not fail the others.
WITH numbered AS (
    SELECT
        position,
        row_number() OVER (PARTITION BY raw ORDER BY position) AS occurrence
    FROM trueup.staged_entries
    WHERE
        run_id = %(run_id)s
        AND reason_code IS NULL
        AND CASE WHEN trueup.is_valid_input(raw, 'jsonb') THEN raw::JSONB ? %(key)s ELSE FALSE END
)
DELETE FROM trueup.staged_entries AS staged
USING numbered
WHERE
    staged.run_id = %(run_id)s
    AND staged.position = numbered.position
    AND numbered.occurrence > 1
