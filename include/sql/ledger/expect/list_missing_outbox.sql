-- Lists entries of this run without an outbox row, when the run was asked to write them.
SELECT entry.reference_id
FROM ledger_entries AS entry
INNER JOIN trueup.runs AS run ON run.run_id = entry.run_id
LEFT JOIN dual_ledger_outbox AS outbox ON outbox.entry_id = entry.id
WHERE
    entry.id > %(high_water_entry_id)s
    AND entry.run_id = %(run_id)s
    AND (run.plan ->> 'outbox')::BOOLEAN
    AND outbox.reference_id IS DISTINCT FROM entry.reference_id
ORDER BY entry.id
