-- Builds the index of references while others write.
CREATE UNIQUE INDEX CONCURRENTLY ledger_entries_reference_unique
ON ledger_entries (ledger_id, reference_id)
