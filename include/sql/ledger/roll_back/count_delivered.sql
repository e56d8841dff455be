-- Counts the run's outbox rows that somebody has received: those cannot be taken back by deleting.
SELECT count(*) AS delivered
FROM dual_ledger_outbox AS outbox
INNER JOIN ledger_entries AS entry ON entry.id = outbox.entry_id
WHERE
    entry.id > %(high_water_entry_id)s
    AND entry.run_id = %(run_id)s
    AND outbox.status IN ('SENT', 'ACKED')
    -- What came from the other ledger is acknowledged there and was never delivered.
    AND NOT EXISTS (
        SELECT 1 FROM trueup.runs WHERE run_id = %(run_id)s AND source_type = 'SCB'
    )
