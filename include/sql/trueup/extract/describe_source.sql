-- Asks for the columns of a source, and no row.
SELECT * FROM {source} AS source LIMIT 0
