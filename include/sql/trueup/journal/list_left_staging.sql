-- Lists runs that have ended and whose staging stands: somebody was reading when it was to go.
SELECT run.run_id
FROM trueup.runs AS run
WHERE
    run.status IN ('completed', 'previewed', 'rolled_back', 'refused')
    AND run.run_id <> %(run_id)s
    AND EXISTS (
        SELECT 1 FROM pg_class
        WHERE
            relnamespace = 'trueup'::REGNAMESPACE
            AND relname IN (
                'staged_entries:' || right(run.run_id, 22),
                'prepared_entries:' || right(run.run_id, 22)
            )
    )
ORDER BY run.run_id
