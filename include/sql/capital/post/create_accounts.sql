-- Creates what capital is tracked with where it is missing, as it is in a dry run.
SELECT add_capital_tracking()
