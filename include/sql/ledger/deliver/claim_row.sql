-- Claims the next outbox row for delivery, in order, and gives its entry, as the text that is sent:
-- a parser in between would make floats of the metadata's numbers. A row that was sent and never
-- acknowledged is sent again: the receiver knows it by its reference.
WITH chosen AS (
    SELECT id
    FROM dual_ledger_outbox
    WHERE id > %(after)s AND status IN ('QUEUED', 'SENT')
    ORDER BY id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE dual_ledger_outbox AS outbox SET
        status = 'SENT',
        attempts = outbox.attempts + 1,
        -- Queued again by a person, it may arrive this time.
        refused = FALSE,
        updated_at = clock_timestamp()
    FROM chosen
    WHERE outbox.id = chosen.id
    RETURNING outbox.id, outbox.entry_id, outbox.attempts
)
SELECT
    claimed.id,
    claimed.attempts,
    entry.reference_id,
    trueup.entry_fields(entry)::TEXT AS fields
FROM claimed
INNER JOIN ledger_entries AS entry ON entry.id = claimed.entry_id
