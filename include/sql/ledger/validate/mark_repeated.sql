-- Marks the rows that say again what an earlier row of this source says: one of them is posted.
UPDATE trueup.prepared_entries AS entry SET repeated = TRUE
FROM (
    SELECT
        position,
        row_number() OVER (PARTITION BY ledger_id, reference_id ORDER BY position) AS occurrence
    FROM trueup.prepared_entries
    WHERE run_id = %(run_id)s AND NOT plain
) AS numbered
WHERE
    entry.run_id = %(run_id)s
    AND entry.position = numbered.position
    AND numbered.occurrence > 1
