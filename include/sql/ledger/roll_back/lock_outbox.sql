-- Locks the outbox rows of the entries that the next step takes back, and counts the delivered:
-- a sender that is at work finishes first, and what it delivered is seen here.
WITH chosen AS (
    SELECT id
    FROM ledger_entries
    WHERE id > %(high_water_entry_id)s AND run_id = %(run_id)s
    ORDER BY id DESC
    LIMIT %(batch_size)s
), locked AS (
    SELECT outbox.status, outbox.attempts, outbox.refused
    FROM dual_ledger_outbox AS outbox
    INNER JOIN chosen ON chosen.id = outbox.entry_id
    ORDER BY outbox.id
    FOR UPDATE OF outbox
)
SELECT count(*) AS delivered FROM locked
WHERE
    -- As in count_delivered.sql: what may have arrived counts, what was refused does not.
    (status IN ('SENT', 'ACKED') OR (attempts > 0 AND NOT refused))
    -- What came from the other ledger is acknowledged there and was never delivered.
    AND NOT EXISTS (
        SELECT 1 FROM trueup.runs
        WHERE run_id = %(run_id)s AND plan ->> 'sovereign_bank_id' IS NOT NULL
    )
