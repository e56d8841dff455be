-- Makes the proved promise the column's own; the table is not read again for it.
ALTER TABLE ledger_entries
ALTER COLUMN {field} SET NOT NULL,
DROP CONSTRAINT {promise}
