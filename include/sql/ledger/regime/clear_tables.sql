-- Empties the tables that an initial load filled; nobody else could write to them meanwhile.
TRUNCATE ledger_entries, dual_ledger_outbox
