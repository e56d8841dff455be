-- Empties the list of reasons.
DELETE FROM trueup.reason_codes;
