-- Lets a field that stood before be empty again, whether it was promised or required since.
ALTER TABLE ledger_entries
ALTER COLUMN {field} DROP NOT NULL,
DROP CONSTRAINT IF EXISTS {promise}
