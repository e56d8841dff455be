-- Drops the staging tables with the partitions of every run.
DROP TABLE trueup.staged_entries, trueup.prepared_entries,
trueup.staged_accounts, trueup.baseline_accounts CASCADE;
