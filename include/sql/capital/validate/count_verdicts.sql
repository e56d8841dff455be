-- Counts the verdicts: rows read, those that can be booked, those that cannot. None stands already:
-- a migration that has begun is resumed, and no other one begins beside it.
SELECT
    (SELECT count(*) FROM trueup.staged_entries WHERE run_id = %(run_id)s) AS read,
    count(*) AS postable,
    0 AS replayed,
    (SELECT count(*) FROM trueup.quarantine WHERE run_id = %(run_id)s) AS quarantined,
    count(*) FILTER (WHERE moves) AS movements,
    count(*) FILTER (WHERE over_available) AS over_available
FROM trueup.prepared_entries
WHERE run_id = %(run_id)s
