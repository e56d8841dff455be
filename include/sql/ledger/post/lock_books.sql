-- Waits until no posting is in flight and holds new ones back for the moment of a snapshot.
-- In the order in which every poster takes them: another one would deadlock with the living.
LOCK TABLE ledger_entries, dual_ledger_outbox, bank_accounts IN SHARE MODE
