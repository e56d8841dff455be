-- Begins the reading of a run's source, anew when there was one.
INSERT INTO trueup.extractions (run_id, cursor)
VALUES (%(run_id)s, %(cursor)s)
ON CONFLICT (run_id) DO UPDATE SET
    cursor = excluded.cursor,
    rows = 0,
    parts = 0,
    content_hash = '',
    updated_at = now(),
    finished_at = NULL
RETURNING cursor, rows, parts, content_hash, finished_at
