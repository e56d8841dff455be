-- Drops the ledger with everything in it.
DROP TABLE ledger_backfill_checkpoints, dual_ledger_outbox, ledger_entries, bank_accounts CASCADE;
