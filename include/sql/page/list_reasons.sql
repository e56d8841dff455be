-- Lists the reasons for which a run has quarantined rows, the commonest first.
SELECT
    reason.reason_code,
    reason.meaning,
    reason.rows,
    reason.first_position
FROM trueup.quarantined_reasons AS reason
WHERE reason.run_id = %(run_id)s
ORDER BY reason.rows DESC, reason.reason_code ASC
