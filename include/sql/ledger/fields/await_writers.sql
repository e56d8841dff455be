-- Waits for everybody who is writing entries, and lets nobody begin until the transaction ends.
LOCK TABLE ledger_entries IN SHARE MODE
