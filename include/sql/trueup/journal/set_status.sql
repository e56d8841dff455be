-- Moves a run to its next state.
UPDATE trueup.runs SET
    status = %(status)s::TEXT,
    stage = coalesce(%(stage)s, stage),
    message = coalesce(%(message)s, message),
    failure = CASE WHEN %(status)s::TEXT NOT IN ('completed', 'previewed') THEN failure END,
    last_seen_at = clock_timestamp(),
    finished_at = CASE WHEN %(finished)s THEN clock_timestamp() END
WHERE run_id = %(run_id)s
