-- Gives this run's rows as they were read, for the expectations that look at them column by column.
SELECT
    position,
    reason_code
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
UNION ALL
-- Plain rows are staged typed …
SELECT
    position,
    NULL
FROM trueup.prepared_entries
WHERE run_id = %(run_id)s AND plain
UNION ALL
-- … or, in the initial regime, stand in the ledger without having been staged.
SELECT
    entry.run_line,
    NULL
FROM ledger_entries AS entry
INNER JOIN trueup.runs AS run ON run.run_id = entry.run_id
WHERE
    run.run_id = %(run_id)s
    AND run.regime = 'initial'
    AND entry.id > run.high_water_entry_id
    AND NOT EXISTS (
        SELECT 1 FROM trueup.staged_entries AS staged
        WHERE staged.run_id = %(run_id)s AND staged.position = entry.run_line
    )
