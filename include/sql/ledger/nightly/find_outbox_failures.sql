-- Finds outbox rows that were given up, and a backlog that nobody works off.
SELECT
    'critical' AS severity,
    reference_id AS subject,
    NULL AS currency_code,
    NULL AS expected,
    NULL AS actual,
    format(
        'The other ledger does not have it after %%s attempts: %%s', attempts,
        coalesce(last_error, 'no reason was given')
    ) AS cause
FROM dual_ledger_outbox
WHERE status = 'FAILED'
UNION ALL
SELECT
    'warning', 'outbox', NULL, 0, count(*),
    format(
        '%%s rows wait to be delivered, the oldest since %%s UTC.', count(*),
        to_char(min(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    )
FROM dual_ledger_outbox
WHERE status IN ('QUEUED', 'SENT')
HAVING min(created_at) < now() - INTERVAL '1 hour'
