-- Counts the verdicts: what was read, what earns a lot, what has one already, what cannot have one.
SELECT
    (SELECT count(*) FROM trueup.staged_entries WHERE run_id = %(run_id)s) AS read,
    count(*) FILTER (WHERE lot.id IS NULL) AS postable,
    count(*) FILTER (WHERE lot.id IS NOT NULL) AS replayed,
    (SELECT count(*) FROM trueup.quarantine WHERE run_id = %(run_id)s) AS quarantined
FROM trueup.prepared_entries AS entry
LEFT JOIN vault_vesting_lots AS lot USING (source_operation_id)
WHERE entry.run_id = %(run_id)s
