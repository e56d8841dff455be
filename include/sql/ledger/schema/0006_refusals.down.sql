-- Takes away what says that the other ledger has refused an entry, and the views that show it.
DROP VIEW IF EXISTS outbox_sync_status, missing_outbox;
ALTER TABLE dual_ledger_outbox DROP COLUMN refused;
