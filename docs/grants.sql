-- Rights for a ledger whose owner installs the schema himself, so that the DAGs need no CREATE on schema public.
--
-- Before: the roles trueup_runner and trueup_reader exist, and the owner has installed the schema, with
--     AIRFLOW_CONN_LEDGER_DB=postgresql://owner@host/ledger PYTHONPATH=dags python -m trueup.migrations ledger
-- Then, in the ledger's database, as superuser or as that owner, if the owner is a member of trueup_runner:
--     psql -X -v ON_ERROR_STOP=1 -d ledger -f docs/grants.sql
-- Repeat both steps after an update of the bundle. Safe to repeat.
BEGIN;

-- Both roles come in. Needs the owner of the database; skip it where the roles may connect already.
SELECT format('GRANT CONNECT ON DATABASE %I TO trueup_runner, trueup_reader', current_database()) \gexec
GRANT USAGE ON SCHEMA public, trueup TO trueup_runner, trueup_reader;

-- The runner owns three tables, because PostgreSQL lets nobody but an owner alter a table:
-- bank_accounts gets, validates and loses constraints; the staging parents get a partition for every run.
-- A new owner must hold CREATE on the schema at the moment of the change, and only then.
SELECT tableowner AS former_owner
FROM pg_tables WHERE schemaname = 'public' AND tablename = 'bank_accounts' \gset
GRANT CREATE ON SCHEMA public TO trueup_runner;
ALTER TABLE bank_accounts OWNER TO trueup_runner;
REVOKE CREATE ON SCHEMA public FROM trueup_runner;
GRANT CREATE ON SCHEMA trueup TO trueup_runner; -- stays: the partitions of the runs are made there
ALTER TABLE trueup.staged_entries OWNER TO trueup_runner;
ALTER TABLE trueup.prepared_entries OWNER TO trueup_runner;
-- Rights move with the ownership; the former owner keeps the use of his tables.
GRANT ALL ON bank_accounts, trueup.staged_entries, trueup.prepared_entries TO :"former_owner";

-- The rest of the ledger and of the journal: rows only.
GRANT SELECT, INSERT, UPDATE, DELETE
ON ledger_entries, dual_ledger_outbox, ledger_backfill_checkpoints TO trueup_runner;
GRANT USAGE ON SEQUENCE ledger_backfill_checkpoints_id_seq TO trueup_runner;
GRANT SELECT
ON ledger_entry_legs, ledger_openings, backfill_source_data, backfill_progress, stalled_backfills,
backfill_completion, outbox_sync_status, missing_entries, missing_outbox TO trueup_runner;
GRANT SELECT, INSERT, UPDATE, DELETE
ON trueup.runs, trueup.run_attempts, trueup.run_ranges, trueup.batches, trueup.quarantine,
trueup.breaks, trueup.expected_balances, trueup.created_objects, trueup.expectation_results,
trueup.staged_accounts, trueup.baseline_accounts, trueup.source_blocks, trueup.movements,
trueup.suspended_objects, trueup.extractions, trueup.corrections, trueup.ledger_differences,
trueup.nights, trueup.night_findings, trueup.known_openings, trueup.missed_nights
TO trueup_runner;
-- What happened stays: the audit log grows, and nobody changes it.
GRANT SELECT, INSERT ON trueup.audit_log TO trueup_runner;
GRANT SELECT ON trueup.schema_migrations, trueup.currencies, trueup.reason_codes TO trueup_runner;
GRANT SELECT, UPDATE ON trueup.settings TO trueup_runner;
GRANT SELECT
ON trueup.run_overview, trueup.run_batches, trueup.quarantined_rows, trueup.balance_breaks,
trueup.proposed_corrections, trueup.last_nights, trueup.run_details, trueup.run_airflow_runs,
trueup.run_events, trueup.run_checkpoints, trueup.run_expectations, trueup.quarantined_reasons,
trueup.night_overview, trueup.found_at_night TO trueup_runner;

-- The reader looks, at the ledger and at the journal, and changes nothing.
GRANT SELECT
ON bank_accounts, ledger_entries, dual_ledger_outbox, ledger_backfill_checkpoints,
ledger_entry_legs, ledger_openings, backfill_source_data, backfill_progress, stalled_backfills,
backfill_completion, outbox_sync_status, missing_entries, missing_outbox TO trueup_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA trueup TO trueup_reader;
-- The page in Airflow's UI needs less, and gets it from docs/page_grants.sql.

-- Who posts live, through post_ledger_entry, needs this (here for a role called app):
--     GRANT USAGE ON SCHEMA public, trueup TO app;
--     GRANT SELECT ON trueup.currencies, trueup.runs TO app;
--     GRANT SELECT, UPDATE ON bank_accounts TO app;
--     GRANT SELECT, INSERT ON ledger_entries, dual_ledger_outbox TO app;

-- Capital's followers work with the rights of whoever installed them, so nobody else may attach them to a table. Where that was
-- another role than the one that runs the DAGs, the latter needs, in the database of capital:
--     GRANT EXECUTE ON FUNCTION follow_shadow(), follow_capital(), hold_writer(), log_capital_change(), note_capital(), move_capital()
--     TO trueup_runner;

-- A system whose runs begin with a backup (capital) also needs the following, as superuser; a ledger does not. The backup is
-- tried out in a scratch database, and holds every table of the database, whoever owns it:
--     ALTER ROLE trueup_runner CREATEDB;
--     GRANT pg_read_all_data TO trueup_runner;
-- A restore puts tables aside, so the runner must be a member of their owner (here a role called app); and it ends sessions that
-- keep the tables, if it is asked to (cancel_sessions):
--     GRANT app TO trueup_runner;
--     GRANT pg_signal_backend TO trueup_runner;
-- It sees how much room the server's disk has if both run on one machine, as one user, and:
--     GRANT pg_read_all_settings TO trueup_runner;

COMMIT;
