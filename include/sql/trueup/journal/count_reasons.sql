-- Counts a run's quarantined rows by reason.
SELECT reason_code, count(*) AS rows, min(position) AS first_position
FROM trueup.quarantine
WHERE run_id = %(run_id)s
GROUP BY reason_code
ORDER BY count(*) DESC, reason_code
