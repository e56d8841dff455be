-- Takes a run's approval back.
UPDATE trueup.runs SET
    approved_digest = NULL,
    approved_by = NULL,
    approved_at = NULL
WHERE run_id = %(run_id)s
