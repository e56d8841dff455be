-- Gives every quarantined row of a run, its fields ready to be mended.
SELECT position, reason_code, reason, raw, fields
FROM trueup.quarantined_rows
WHERE run_id = %(run_id)s
ORDER BY position
