-- Removes the wallet's tables.
DROP TABLE ledger_reconciliation_runs;
DROP TABLE coin_transactions;
DROP TABLE coin_journal_entries;
DROP TABLE coin_ledger_transactions;
DROP TABLE user_wallet;
DROP TABLE users;
