-- Proves those foreign keys on every row that was carried over.
SELECT validate_keys() AS validated
