-- Posts one batch, and counts from the tables what it read.
SELECT
    (
        SELECT count(*) FROM trueup.staged_entries
        WHERE run_id = %(run_id)s AND position BETWEEN %(first_key)s AND %(last_key)s
    ) AS read,
    outcome.posted,
    outcome.replayed
FROM post_history(%(run_id)s, %(first_key)s, %(last_key)s) AS outcome
