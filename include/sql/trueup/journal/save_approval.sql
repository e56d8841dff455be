-- Keeps who approved a run's digest; the approval stays with the run when it is resumed.
UPDATE trueup.runs SET
    approved_digest = digest,
    approved_by = %(approved_by)s,
    approved_at = clock_timestamp()
WHERE run_id = %(run_id)s
