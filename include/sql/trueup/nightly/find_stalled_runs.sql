-- Finds runs that hold the books and stall: nobody else can post a backfill. A worker that is still
-- connected may be in a long statement: that is a warning.
SELECT
    CASE WHEN worked_on THEN 'warning' ELSE 'critical' END AS severity,
    run_id AS subject,
    NULL AS currency_code,
    NULL AS expected,
    NULL AS actual,
    format(
        'It is %%s, and its last sign of life was at %%s UTC; %%s.',
        replace(status, '_', ' '),
        to_char(last_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
        CASE
            WHEN worked_on THEN 'a worker is connected: look at what it waits for'
            ELSE 'no worker is connected: trigger the same again, or take it back'
        END
    ) AS cause
FROM trueup.run_overview
WHERE system = %(system)s AND NOT dry_run AND stalled
