-- Lists the entries of a range of references, as they are compared.
SELECT
    entry.reference_id,
    trueup.entry_text(entry) AS entry_text,
    (
        SELECT outbox.last_error FROM dual_ledger_outbox AS outbox
        WHERE outbox.entry_id = entry.id AND outbox.status = 'FAILED'
    ) AS refusal
FROM ledger_entries AS entry
WHERE
    entry.timestamp_utc >= %(since)s
    AND entry.timestamp_utc < %(before)s
    AND entry.reference_id > %(after)s
    AND (%(up_to)s::TEXT IS NULL OR entry.reference_id <= %(up_to)s)
    -- Of this ledger, what the other one is to know.
    AND EXISTS (SELECT 1 FROM dual_ledger_outbox AS outbox WHERE outbox.entry_id = entry.id)
ORDER BY entry.reference_id
