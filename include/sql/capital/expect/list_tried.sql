-- Lists what was found wrong when it was tried out; or that it was not.
SELECT tried.subject, tried.found
FROM trueup.runs
CROSS JOIN LATERAL jsonb_to_recordset(figures -> 'tried')
    AS tried (check_name TEXT, subject TEXT, found TEXT)
WHERE run_id = %(run_id)s AND tried.check_name = %(check_name)s
UNION ALL
SELECT %(check_name)s::TEXT, 'It was not tried.'
FROM trueup.runs
WHERE run_id = %(run_id)s AND NOT figures ? 'tried'
