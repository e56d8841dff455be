-- Lists staged rows that are neither in the ledger nor in quarantine: rows that were lost.
SELECT staged.position
FROM (
    SELECT position FROM trueup.staged_entries WHERE run_id = %(run_id)s
    UNION ALL
    SELECT position FROM trueup.prepared_entries WHERE run_id = %(run_id)s AND plain
) AS staged
WHERE
    NOT EXISTS (
        SELECT 1 FROM trueup.quarantine AS quarantined
        WHERE
            quarantined.run_id = %(run_id)s
            AND quarantined.position = staged.position
    )
    AND NOT EXISTS (
        SELECT 1 FROM trueup.prepared_entries AS prepared
        INNER JOIN ledger_entries USING (ledger_id, reference_id)
        WHERE
            prepared.run_id = %(run_id)s
            AND prepared.position = staged.position
    )
ORDER BY staged.position
