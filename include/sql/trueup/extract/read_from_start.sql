-- Reads a source in the order of its keys, up to a bound.
SELECT *
FROM {source} AS source
WHERE {key} <= %(last_key)s
ORDER BY {key}
