-- Takes away what says that an entry reverses another one, and the view that shows them.
DROP VIEW IF EXISTS ledger_entry_legs;
DROP INDEX ledger_entries_reversed_once;
ALTER TABLE ledger_entries DROP COLUMN reverses;
