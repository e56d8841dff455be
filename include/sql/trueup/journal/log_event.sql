-- Writes one sentence into the audit log.
INSERT INTO trueup.audit_log (run_id, stage, event, detail)
VALUES (%(run_id)s, %(stage)s, %(event)s, %(detail)s)
