-- Drops the staging tables with the partitions of every run, and who made which lot.
ALTER TABLE vault_vesting_lots DROP COLUMN run_line, DROP COLUMN run_id;
DROP TABLE trueup.staged_entries, trueup.prepared_entries, trueup.baseline_lots CASCADE;
