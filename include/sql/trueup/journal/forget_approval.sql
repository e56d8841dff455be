-- Takes the approval back from a run that goes on under other limits than the approver was shown.
UPDATE trueup.runs SET
    approved_digest = NULL,
    approved_by = NULL,
    approved_at = NULL
WHERE run_id = %(run_id)s
