-- Counts rows of earlier deliveries that were posted after mending, under references made for them,
-- while this delivery has new rows without references: it may hold the same rows once more.
SELECT count(*) AS mended
FROM trueup.quarantine AS earlier
INNER JOIN trueup.runs AS run ON run.run_id = earlier.run_id
INNER JOIN ledger_entries AS posted
    ON posted.reference_id = earlier.fields ->> 'referenceId' AND posted.run_id <> earlier.run_id
WHERE
    run.source_id = %(source_id)s
    -- Made for it and posted since: what stood before the delivery was its double, not its cure.
    AND starts_with(posted.reference_id, run.plan ->> 'prefix')
    AND length(posted.reference_id) = length(run.plan ->> 'prefix') + 32
    AND posted.recorded_at > run.started_at
    AND earlier.run_id <> %(run_id)s
    AND NOT EXISTS (
        SELECT 1 FROM trueup.prepared_entries AS entry
        WHERE entry.run_id = %(run_id)s AND entry.reference_id = posted.reference_id
    )
    AND EXISTS (
        SELECT 1 FROM trueup.prepared_entries AS entry
        WHERE
            entry.run_id = %(run_id)s
            AND entry.reference_generated
            AND NOT EXISTS (
                SELECT 1 FROM ledger_entries AS standing
                WHERE
                    standing.ledger_id = entry.ledger_id
                    AND standing.reference_id = entry.reference_id
            )
    )
