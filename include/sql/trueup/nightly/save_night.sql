-- Closes a night: it is broken when anything critical was found.
UPDATE trueup.nights SET
    figures = %(figures)s,
    status = CASE
        WHEN EXISTS (
            SELECT 1 FROM trueup.night_findings
            WHERE night_id = %(night_id)s AND severity = 'critical'
        ) THEN 'broken' ELSE 'clean'
    END
WHERE night_id = %(night_id)s
RETURNING status
