-- Promises that a field is never empty, for every row from now on.
ALTER TABLE ledger_entries
ADD CONSTRAINT {promise} CHECK ({field} IS NOT NULL) NOT VALID
