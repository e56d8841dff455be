-- Counts the run's outbox rows that somebody has received or may have, for an answer can be lost:
-- those cannot be taken back by deleting. What was refused has not arrived.
SELECT count(*) AS delivered
FROM dual_ledger_outbox AS outbox
INNER JOIN ledger_entries AS entry ON entry.id = outbox.entry_id
WHERE
    entry.id > %(high_water_entry_id)s
    AND entry.run_id = %(run_id)s
    AND (outbox.status IN ('SENT', 'ACKED') OR (outbox.attempts > 0 AND NOT outbox.refused))
    -- What came from the other ledger is acknowledged there and was never delivered.
    AND NOT EXISTS (
        SELECT 1 FROM trueup.runs
        WHERE run_id = %(run_id)s AND plan ->> 'sovereign_bank_id' IS NOT NULL
    )
