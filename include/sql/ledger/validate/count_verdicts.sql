-- Counts the verdicts: what was read, what can be posted, what stands already, what cannot be.
WITH replays AS (
    -- A repetition within the source is a replay too: one of them is posted.
    SELECT
        entry.position,
        standing.id IS NOT NULL OR row_number() OVER (
            PARTITION BY entry.ledger_id, entry.reference_id ORDER BY entry.position
        ) > 1 AS replay
    FROM trueup.prepared_entries AS entry
    LEFT JOIN ledger_entries AS standing USING (ledger_id, reference_id)
    WHERE entry.run_id = %(run_id)s
)
SELECT
    (SELECT count(*) FROM trueup.staged_entries WHERE run_id = %(run_id)s) AS read,
    count(*) FILTER (WHERE NOT replay) AS postable,
    count(*) FILTER (WHERE replay) AS replayed,
    (SELECT count(*) FROM trueup.quarantine WHERE run_id = %(run_id)s) AS quarantined
FROM replays
