-- Reads how far a run has read its source; no row before it began.
SELECT cursor, rows, parts, content_hash, finished_at
FROM trueup.extractions
WHERE run_id = %(run_id)s
