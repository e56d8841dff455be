-- Takes away what says that an entry reverses another one.
DROP INDEX ledger_entries_reversed_once;
ALTER TABLE ledger_entries DROP COLUMN reverses;
