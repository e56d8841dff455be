-- Gives the currencies in which a row can be plain: current ones, with their decimals.
COPY (
    SELECT code, coalesce(minor_unit, 8) FROM trueup.currencies WHERE withdrawn_on IS NULL
) TO STDOUT (FORMAT csv)
