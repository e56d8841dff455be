-- Counts the deposits that earn no lot because they are not completed, and those of users that
-- nobody knows when one user's were asked for.
SELECT
    lower(status) || ' deposits earn no lot' AS what,
    count(*) AS rows
FROM vault_deposits
WHERE
    status <> 'COMPLETED'
    AND (
        %(currency)s::TEXT IS NULL
        OR %(currency)s IN (currency_code, entry_currency)
        OR num_nonnulls(currency_code, entry_currency) = 0
    )
    AND (%(user_id)s::UUID IS NULL OR user_id = %(user_id)s)
    AND NOT EXISTS (
        SELECT 1 FROM trueup.runs WHERE run_id = %(run_id)s AND source_type = 'QUARANTINE'
    )
GROUP BY status
UNION ALL
SELECT 'completed deposits of nobody known may be this user''s', count(*)
FROM vault_deposits
WHERE status = 'COMPLETED' AND user_id IS NULL AND %(user_id)s::UUID IS NOT NULL
HAVING count(*) > 0
ORDER BY what
