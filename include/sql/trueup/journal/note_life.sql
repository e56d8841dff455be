-- Says that somebody works on the run. While another worker's batch holds the run's state still,
-- its own commit will say so: waiting for it here would make parallel workers take turns.
UPDATE trueup.runs SET last_seen_at = clock_timestamp()
WHERE run_id IN (
    SELECT run_id FROM trueup.runs WHERE run_id = %(run_id)s
    FOR NO KEY UPDATE SKIP LOCKED
)
