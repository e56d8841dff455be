-- Lists loans whose movement is not flagged as their verdict was: above what the junta had at that
-- time, or not. Those that the app has written since are its own.
SELECT
    movement.prestamo_id,
    prepared.over_available AS wanted,
    movement.over_available AS flagged
FROM trueup.prepared_entries AS prepared
INNER JOIN capital_movements AS movement
    ON movement.prestamo_id = prepared.source_id AND movement.run_id = prepared.run_id
WHERE
    prepared.run_id = %(run_id)s
    AND prepared.kind = 'PRESTAMO'
    AND prepared.over_available <> movement.over_available
    AND prepared.amount = movement.amount
