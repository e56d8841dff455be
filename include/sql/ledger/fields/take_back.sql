-- Removes the trigger. The fields that were added are removed one by one, after the key.
DROP TRIGGER fill_ledger_entry ON ledger_entries;
DROP FUNCTION fill_ledger_entry();
