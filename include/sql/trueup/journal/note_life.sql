-- Says that somebody works on the run, once a second at most: it is asked after every batch. While
-- somebody else writes to the run's row, that will say so, and is not waited for.
UPDATE trueup.runs SET last_seen_at = clock_timestamp()
WHERE run_id IN (
    SELECT run_id FROM trueup.runs
    WHERE run_id = %(run_id)s AND last_seen_at < clock_timestamp() - INTERVAL '1 second'
    FOR NO KEY UPDATE SKIP LOCKED
)
