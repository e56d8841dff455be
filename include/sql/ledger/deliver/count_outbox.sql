-- Counts the outbox by status.
SELECT
    count(*) FILTER (WHERE status = 'QUEUED') AS queued,
    count(*) FILTER (WHERE status = 'SENT') AS sent,
    count(*) FILTER (WHERE status = 'ACKED') AS acked,
    count(*) FILTER (WHERE status = 'FAILED') AS failed
FROM dual_ledger_outbox
