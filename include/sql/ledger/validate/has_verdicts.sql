-- Tells whether every staged row has its verdict, and no plain row one against it: prepared entries
-- are unlogged and vanish in a database crash, while the quarantine stays.
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
    SELECT 1
    FROM trueup.quarantine AS quarantined
    INNER JOIN trueup.prepared_entries AS prepared
        ON prepared.run_id = quarantined.run_id AND prepared.position = quarantined.position
    -- Posting leaves what it quarantines where it was prepared.
    WHERE quarantined.run_id = %(run_id)s AND quarantined.stage <> 'post'
) AS found
