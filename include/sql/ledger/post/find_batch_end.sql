-- Finds the next batch after the checkpoint, up to the range's bound.
SELECT
    min(position) AS first_key,
    max(position) AS last_key,
    count(*) AS rows
FROM (
    SELECT position
    FROM trueup.staged_entries
    WHERE
        run_id = %(run_id)s
        AND position > %(checkpoint_key)s
        AND position <= %(last_key)s
    ORDER BY position
    LIMIT %(batch_size)s
) AS batch
