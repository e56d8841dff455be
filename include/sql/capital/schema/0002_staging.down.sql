-- Drops the staging tables with the partitions of every run, and what migrations remember.
DROP TABLE trueup.staged_entries, trueup.prepared_entries CASCADE;
DROP TABLE trueup.capital_changes, trueup.capital_migrations;
DELETE FROM trueup.reason_codes WHERE code IN ('unknown_junta', 'unknown_status');
