-- Gives the shadow tables the app's foreign keys, for new rows only.
SELECT carry_keys(60)
