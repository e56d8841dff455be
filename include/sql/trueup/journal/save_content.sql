-- Keeps what a run's source holds: the approval is bound to it.
UPDATE trueup.runs SET content_fingerprint = %(content_fingerprint)s
WHERE run_id = %(run_id)s
