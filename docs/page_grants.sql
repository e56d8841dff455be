-- Rights for the page in Airflow's UI: the views that it reads, and nothing else. The same in the database of every system.
--
-- Before: a role that may log in (CREATE ROLE trueup_page LOGIN PASSWORD '…'), and the journal, which the first run makes.
-- Then, in each system's database, as the owner of the schema trueup (the role that runs the DAGs, or who installed it):
--     psql -X -v ON_ERROR_STOP=1 -v page=trueup_page -d ledger -f docs/page_grants.sql
-- and name the role in the Airflow connections ledger_db_reader, vault_db_reader, wallet_db_reader, capital_db_reader.
-- Repeat it after an update of the bundle. Safe to repeat.
GRANT USAGE ON SCHEMA trueup TO :"page";
GRANT SELECT
ON trueup.run_overview, trueup.run_details, trueup.run_airflow_runs, trueup.run_batches, trueup.run_checkpoints,
trueup.run_events, trueup.run_expectations, trueup.quarantined_rows, trueup.quarantined_reasons, trueup.balance_breaks,
trueup.night_overview, trueup.found_at_night TO :"page";
