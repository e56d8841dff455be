-- Reads the rows of a source that have no key.
SELECT *
FROM {source} AS source
WHERE {key} IS NULL
