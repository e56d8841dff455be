-- Gives quarantined rows of a run from behind a position, their fields ready to be mended.
SELECT position, reason_code, reason, raw, fields
FROM trueup.quarantined_rows
WHERE run_id = %(run_id)s AND position > %(after)s
ORDER BY position
LIMIT %(rows)s
