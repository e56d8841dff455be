-- Lists plain rows whose key stands in the ledger for another content or for an entry that was
-- reversed, or, with skip_duplicates = false, at all: their lines must be judged with the doubtful.
SELECT prepared.position
FROM trueup.prepared_entries AS prepared
INNER JOIN ledger_entries AS standing USING (ledger_id, reference_id)
WHERE
    prepared.run_id = %(run_id)s
    AND prepared.plain
    AND (standing.run_id, standing.run_line) IS DISTINCT FROM (prepared.run_id, prepared.position)
    AND (
        NOT (%(skip_duplicates)s AND trueup.same_content(standing, prepared))
        OR EXISTS (SELECT 1 FROM ledger_entries AS reversal WHERE reversal.reverses = standing.id)
    )
UNION
-- And rows that posting has begun without, and that look plain now that the source was read again:
-- the account that one names, and that nobody knew, was opened since, say.
SELECT quarantined.position
FROM trueup.quarantine AS quarantined
WHERE
    quarantined.run_id = %(run_id)s
    AND quarantined.stage <> 'post'
    AND NOT EXISTS (
        SELECT 1 FROM trueup.staged_entries AS staged
        WHERE staged.run_id = %(run_id)s AND staged.position = quarantined.position
    )
ORDER BY position
