-- Names the fields that the quarantined rows of a run have, each once, in the order of the letters.
SELECT DISTINCT jsonb_object_keys(fields) AS name
FROM trueup.quarantined_rows
WHERE run_id = %(run_id)s
ORDER BY name
