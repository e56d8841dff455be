-- Removes what an attempt that broke off may have left of the index.
DROP INDEX CONCURRENTLY IF EXISTS ledger_entries_reference_unique
