-- Lists staged deposits that have neither a lot nor a place in quarantine: deposits that were lost.
SELECT
    staged.position,
    staged.operation_id
FROM trueup.staged_entries AS staged
WHERE
    staged.run_id = %(run_id)s
    AND NOT EXISTS (
        SELECT 1 FROM trueup.quarantine AS quarantined
        WHERE quarantined.run_id = %(run_id)s AND quarantined.position = staged.position
    )
    AND NOT EXISTS (
        SELECT 1 FROM vault_vesting_lots AS lot
        WHERE lot.source_operation_id = staged.operation_id
    )
ORDER BY staged.position
