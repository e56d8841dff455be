-- Lists a run's quarantined rows, as they can be mended and fed back in.
SELECT position, reason_code, reason, raw, fields
FROM trueup.quarantine
WHERE run_id = %(run_id)s
ORDER BY position
