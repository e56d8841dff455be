-- Lists the first references in which two ledgers differ.
SELECT
    reference_id,
    kind,
    here,
    there,
    known_reason
FROM trueup.ledger_differences
WHERE run_id = %(run_id)s
ORDER BY reference_id
LIMIT %(rows)s
