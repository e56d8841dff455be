-- Gives the movements that this run booked.
SELECT
    id,
    type,
    direction,
    junta_id
FROM capital_movements
WHERE run_id = %(run_id)s
