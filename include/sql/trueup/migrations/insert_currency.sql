-- Keeps one currency of ISO 4217.
INSERT INTO trueup.currencies (code, minor_unit, withdrawn_on)
VALUES (%(code)s, %(minor_unit)s, %(withdrawn_on)s)
