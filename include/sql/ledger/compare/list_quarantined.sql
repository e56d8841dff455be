-- Lists those of some references that this run has quarantined, and why.
SELECT
    fields ->> 'referenceId' AS reference_id,
    min(reason_code) AS reason_code
FROM trueup.quarantine
WHERE run_id = %(run_id)s AND fields ->> 'referenceId' = ANY(%(reference_ids)s)
GROUP BY fields ->> 'referenceId'
