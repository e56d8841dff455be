-- Moves the cursor of a reading behind the rows that this transaction stages.
UPDATE trueup.extractions SET
    cursor = %(cursor)s,
    rows = rows + %(rows)s,
    parts = parts + 1,
    content_hash = %(content_hash)s,
    updated_at = clock_timestamp()
WHERE run_id = %(run_id)s
RETURNING cursor, rows, parts, content_hash, finished_at
