-- Checks every row against the promise, while others write.
ALTER TABLE ledger_entries VALIDATE CONSTRAINT {promise}
