-- Tells whether every staged row has its verdict: what is prepared is unlogged and vanishes in a
-- database crash, while the quarantine stays.
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
) AS found
