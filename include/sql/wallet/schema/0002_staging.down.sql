-- Drops the staging tables with the partitions of every run, and who made which row.
-- The views are made anew when the schema is brought up to date.
DROP VIEW IF EXISTS wallet_drifts, user_coins, unbalanced_transactions;
DROP INDEX coin_ledger_transactions_brought_once;
DROP INDEX coin_journal_entries_chain;
ALTER TABLE coin_journal_entries DROP COLUMN entry_no, DROP COLUMN run_id;
ALTER TABLE coin_ledger_transactions DROP COLUMN run_line, DROP COLUMN run_id;
ALTER TABLE user_wallet DROP COLUMN run_id;
DROP TABLE trueup.staged_entries, trueup.prepared_entries, trueup.baseline_wallets CASCADE;
DELETE FROM trueup.reason_codes WHERE code = 'invalid_balance';
