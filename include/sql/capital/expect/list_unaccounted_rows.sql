-- Lists staged rows that have neither a verdict by which they were booked or carried over, nor a
-- place in quarantine.
SELECT
    staged.kind,
    staged.source_id
FROM trueup.staged_entries AS staged
WHERE
    staged.run_id = %(run_id)s
    AND NOT EXISTS (
        SELECT 1 FROM trueup.prepared_entries AS prepared
        WHERE prepared.run_id = %(run_id)s AND prepared.position = staged.position
    )
    AND NOT EXISTS (
        SELECT 1 FROM trueup.quarantine AS quarantined
        WHERE quarantined.run_id = %(run_id)s AND quarantined.position = staged.position
    )
