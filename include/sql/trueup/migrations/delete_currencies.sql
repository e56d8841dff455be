-- Empties the currency table, to be filled from the pinned ISO 4217 file.
DELETE FROM trueup.currencies
