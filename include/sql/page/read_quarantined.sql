-- Gives quarantined rows of a run from behind a position, their fields ready to be mended; of the
-- raw text what a cell of a spreadsheet holds.
SELECT position, reason_code, reason, left(raw, %(characters)s) AS raw, fields
FROM trueup.quarantined_rows
WHERE run_id = %(run_id)s AND position > %(after)s
ORDER BY position
LIMIT %(rows)s
