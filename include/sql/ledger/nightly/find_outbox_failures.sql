-- Finds outbox rows that were refused or given up, and a backlog that nobody works off.
SELECT
    'critical' AS severity,
    reference_id AS subject,
    NULL AS currency_code,
    NULL AS expected,
    NULL AS actual,
    format(
        CASE
            WHEN refused THEN 'The other ledger has refused it: %%s'
            ELSE 'Given up; nobody knows whether it arrived in %%2$s attempts: %%1$s'
        END,
        coalesce(last_error, 'no reason was given'), attempts
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
