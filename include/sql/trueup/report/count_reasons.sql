-- Counts a run's quarantined rows by reason, with what the reason means.
SELECT
    quarantined.reason_code,
    reason.meaning,
    count(*) AS rows,
    min(quarantined.position) AS first_position
FROM trueup.quarantine AS quarantined
INNER JOIN trueup.reason_codes AS reason ON reason.code = quarantined.reason_code
WHERE quarantined.run_id = %(run_id)s
GROUP BY quarantined.reason_code, reason.meaning
ORDER BY count(*) DESC, quarantined.reason_code ASC
