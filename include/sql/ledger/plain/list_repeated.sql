-- Lists plain rows whose key stands more than once in the source.
SELECT position
FROM keys
WHERE
    plain
    AND key_hash IN (SELECT key_hash FROM keys GROUP BY key_hash HAVING count(*) > 1)
ORDER BY position
