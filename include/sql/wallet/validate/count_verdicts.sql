-- Counts the verdicts: users read, those that want something, those that stand as they must, and
-- those that cannot be helped.
SELECT
    (SELECT count(*) FROM trueup.staged_entries WHERE run_id = %(run_id)s) AS read,
    count(*) FILTER (WHERE is_wanting) AS postable,
    count(*) FILTER (WHERE NOT is_wanting) AS replayed,
    (SELECT count(*) FROM trueup.quarantine WHERE run_id = %(run_id)s) AS quarantined
FROM trueup.prepared_entries
WHERE run_id = %(run_id)s
