-- Counts the quarantined rows of a key range.
SELECT count(*) AS quarantined
FROM trueup.quarantine
WHERE run_id = %(run_id)s AND position BETWEEN %(first_key)s AND %(last_key)s
