-- Marks a reading as whole.
UPDATE trueup.extractions SET finished_at = now()
WHERE run_id = %(run_id)s
