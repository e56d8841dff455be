-- Lists the entries of a range of references, as they are compared, and why the other ledger may
-- lack them: it has refused them, they are not delivered yet, or delivering them was given up.
SELECT
    entry.reference_id,
    trueup.entry_text(entry) AS entry_text,
    CASE
        WHEN outbox.status IN ('QUEUED', 'SENT')
            THEN concat_ws(': ', 'not delivered yet', outbox.last_error)
        WHEN outbox.status = 'FAILED' AND outbox.refused
            THEN coalesce(outbox.last_error, 'refused there')
        WHEN outbox.status = 'FAILED'
            THEN format('given up after %%s attempts: %%s', outbox.attempts, outbox.last_error)
    END AS known_reason,
    outbox.status = 'FAILED' AND outbox.refused AS refused
FROM ledger_entries AS entry
-- Of this ledger, what the other one is to know.
INNER JOIN dual_ledger_outbox AS outbox ON outbox.entry_id = entry.id
WHERE
    entry.timestamp_utc >= %(since)s
    AND entry.timestamp_utc < %(before)s
    AND entry.reference_id > %(after)s
    AND (%(up_to)s::TEXT IS NULL OR entry.reference_id <= %(up_to)s)
ORDER BY entry.reference_id, entry.id
