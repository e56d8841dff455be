-- Lists the first and the last sentences about a run in their order, the stage that each of them
-- came from, and how many were left out before it.
SELECT
    id,
    logged_at,
    stage,
    event,
    number - 1 - lag(number, 1, 0::BIGINT) OVER (ORDER BY id) AS left_out
FROM (
    SELECT
        id,
        logged_at,
        stage,
        event,
        row_number() OVER (ORDER BY id) AS number,
        count(*) OVER () AS all_told
    FROM trueup.run_events
    WHERE run_id = %(run_id)s
) AS told
WHERE number <= %(first)s OR number > all_told - %(last)s
ORDER BY id
