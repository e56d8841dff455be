-- Lists the currencies with the number of their decimals.
SELECT
    code,
    minor_unit
FROM trueup.currencies
WHERE minor_unit IS NOT NULL
