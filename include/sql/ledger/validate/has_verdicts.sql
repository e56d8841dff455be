-- Tells whether every staged row has its verdict, and no plain row one against it: prepared entries
-- are unlogged and vanish in a database crash, while the quarantine stays. What is quarantined is
-- staged: a row that is not has been read again, and taken for plain.
SELECT NOT EXISTS (
    SELECT 1 FROM trueup.staged_entries AS staged
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
) AND NOT EXISTS (
    SELECT 1 FROM trueup.quarantine AS quarantined
    WHERE
        quarantined.run_id = %(run_id)s
        -- Posting leaves what it quarantines where it was prepared.
        AND quarantined.stage <> 'post'
        AND (
            NOT EXISTS (
                SELECT 1 FROM trueup.staged_entries AS staged
                WHERE staged.run_id = %(run_id)s AND staged.position = quarantined.position
            )
            OR EXISTS (
                SELECT 1 FROM trueup.prepared_entries AS prepared
                WHERE prepared.run_id = %(run_id)s AND prepared.position = quarantined.position
            )
        )
) AS found
