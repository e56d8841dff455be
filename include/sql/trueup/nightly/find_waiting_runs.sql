-- Finds runs that hold the books and have waited for a person for an hour, by right where one asked
-- for the pause; and those whose rollback failed.
SELECT
    CASE status WHEN 'paused' THEN 'warning' ELSE 'critical' END AS severity,
    run_id AS subject,
    NULL AS currency_code,
    NULL AS expected,
    NULL AS actual,
    format(
        'It is %%s since %%s UTC; %%s.',
        replace(status, '_', ' '),
        to_char(last_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
        CASE status
            WHEN 'awaiting_approval' THEN 'approve or reject it'
            ELSE 'resume it, or take it back'
        END
    ) AS cause
FROM trueup.runs
WHERE
    system = %(system)s
    AND NOT dry_run
    AND status IN ('paused', 'interrupted', 'awaiting_approval')
    AND last_seen_at < now() - INTERVAL '1 hour'
UNION ALL
SELECT
    'critical', run_id, NULL, NULL, NULL,
    'Its rollback failed: a person must look at the books.'
FROM trueup.runs
WHERE system = %(system)s AND NOT dry_run AND status = 'rollback_failed'
