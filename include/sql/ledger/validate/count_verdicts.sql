-- Counts the verdicts: what was read, what can be posted, what stands already, what cannot be.
WITH replays AS (
    SELECT entry.repeated OR standing.id IS NOT NULL AS replay
    FROM trueup.prepared_entries AS entry
    LEFT JOIN ledger_entries AS standing USING (ledger_id, reference_id)
    WHERE entry.run_id = %(run_id)s
), counts AS (
    SELECT
        count(*) FILTER (WHERE NOT replay) AS postable,
        count(*) FILTER (WHERE replay) AS replayed
    FROM replays
), direct AS (
    SELECT coalesce(sum(plain_rows), 0)::BIGINT AS rows
    FROM trueup.source_blocks WHERE run_id = %(run_id)s
)
SELECT
    (
        SELECT count(*) FROM trueup.prepared_entries WHERE run_id = %(run_id)s AND plain
    ) + (
        SELECT count(*) FROM trueup.staged_entries WHERE run_id = %(run_id)s
    ) + direct.rows AS read,
    counts.postable + direct.rows AS postable,
    counts.replayed,
    (SELECT count(*) FROM trueup.quarantine WHERE run_id = %(run_id)s) AS quarantined
FROM counts, direct
