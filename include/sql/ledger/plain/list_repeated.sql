-- Lists plain rows whose key stands more than once in the source: of one part of the keys, so that
-- counting them needs no more memory for a long source than for a short one.
SELECT position
FROM keys
WHERE
    plain
    AND key_hash % $parts = $part
    AND key_hash IN (
        SELECT shared.key_hash FROM keys AS shared
        WHERE shared.key_hash % $parts = $part
        GROUP BY shared.key_hash HAVING count(*) > 1
    )
