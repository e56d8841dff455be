-- Removes the trigger. The fields that were added are removed one by one; keys go with them.
DROP TRIGGER fill_ledger_entry ON ledger_entries;
DROP FUNCTION fill_ledger_entry();
