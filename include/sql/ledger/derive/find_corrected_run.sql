-- Finds the run whose breaks are to be corrected: the one named, or the last that left any.
SELECT run_id
FROM trueup.runs
WHERE
    system = 'ledger'
    AND NOT dry_run
    AND status = 'completed'
    AND (run_id = %(source)s OR (%(source)s = 'latest' AND (breaks > 0 OR total_quarantined > 0)))
ORDER BY finished_at DESC
LIMIT 1
