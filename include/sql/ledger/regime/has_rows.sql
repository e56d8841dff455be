-- Tells whether the ledger holds anything: an initial load begins with an empty one.
SELECT
    EXISTS (SELECT 1 FROM ledger_entries)
    OR EXISTS (SELECT 1 FROM dual_ledger_outbox) AS found
