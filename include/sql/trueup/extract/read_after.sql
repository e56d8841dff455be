-- Reads a source on after a key, up to a bound.
SELECT *
FROM {source} AS source
WHERE {key} > %(after)s AND {key} <= %(last_key)s
ORDER BY {key}
