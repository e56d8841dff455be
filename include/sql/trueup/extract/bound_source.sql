-- Reads how many rows a source has, and its highest key: what comes later is a later run's.
SELECT
    count(*) AS rows,
    max({key})::TEXT AS last_key
FROM {source} AS source
