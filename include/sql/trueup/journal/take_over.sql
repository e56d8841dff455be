-- Gives a run to a new attempt; workers of the earlier one find another number and stop.
UPDATE trueup.runs SET
    attempt = attempt + 1,
    status = %(status)s,
    plan = %(plan)s,
    failure = NULL,
    finished_at = NULL,
    last_seen_at = clock_timestamp(),
    message = %(message)s
WHERE run_id = %(run_id)s
RETURNING attempt
