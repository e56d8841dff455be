-- Removes the key, or what an attempt that broke off left of its index.
ALTER TABLE ledger_entries DROP CONSTRAINT IF EXISTS ledger_entries_reference_unique;
DROP INDEX IF EXISTS ledger_entries_reference_unique;
