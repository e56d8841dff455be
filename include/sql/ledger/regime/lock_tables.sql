-- Keeps everybody out until the transaction ends; in the order in which every poster takes them.
LOCK TABLE ledger_entries, dual_ledger_outbox IN ACCESS EXCLUSIVE MODE
