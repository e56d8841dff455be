-- Keeps who approved a run's digest, unless it has another one by now or waits no longer.
-- The approval stays with the run when it is resumed.
UPDATE trueup.runs SET
    approved_digest = digest,
    approved_by = %(approved_by)s,
    approved_at = clock_timestamp()
WHERE run_id = %(run_id)s AND digest = %(digest)s AND status = 'awaiting_approval'
RETURNING approved_by
