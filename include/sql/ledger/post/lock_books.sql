-- Waits until no posting is in flight and holds new ones back for the moment of a snapshot.
LOCK TABLE bank_accounts, ledger_entries, dual_ledger_outbox IN SHARE MODE
