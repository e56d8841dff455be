-- Sets a run's totals: of a preview, of a run that stops before its first posting, or at the end.
UPDATE trueup.runs SET
    total_read = %(read)s,
    total_posted = %(posted)s,
    total_replayed = %(replayed)s,
    total_quarantined = %(quarantined)s
WHERE run_id = %(run_id)s
