-- Makes the index the table's key.
ALTER TABLE ledger_entries
ADD CONSTRAINT ledger_entries_reference_unique
UNIQUE USING INDEX ledger_entries_reference_unique
