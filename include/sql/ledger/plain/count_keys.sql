-- Counts the keys that were kept.
SELECT count(*) AS keys FROM keys
