-- Counts the rows that a reading up to a bound has to find.
SELECT count(*) AS rows
FROM {source} AS source
WHERE {key} <= %(last_key)s OR {key} IS NULL
