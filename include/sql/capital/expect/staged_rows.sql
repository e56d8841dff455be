-- Gives this run's rows as they were staged.
SELECT
    position,
    kind,
    kind || ' ' || source_id AS source
FROM trueup.staged_entries
WHERE run_id = %(run_id)s
