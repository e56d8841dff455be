-- Lists what a run's audit log says, in order.
SELECT logged_at, stage, event, detail FROM trueup.audit_log
WHERE run_id = %(run_id)s
ORDER BY id
