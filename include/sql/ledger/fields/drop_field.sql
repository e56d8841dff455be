-- Removes a field that was added, unless something was built on it.
ALTER TABLE ledger_entries DROP COLUMN IF EXISTS {field}
