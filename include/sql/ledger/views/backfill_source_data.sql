-- Shows what the sources of the runs in flight hold, for "which entries are missing" queries.
CREATE OR REPLACE VIEW backfill_source_data AS
SELECT
    run.source_id,
    prepared.ledger_id,
    prepared.reference_id,
    prepared.debit_account_id,
    prepared.credit_account_id,
    prepared.amount,
    prepared.currency_code,
    prepared.timestamp_utc,
    prepared.run_id,
    prepared.position
FROM trueup.prepared_entries AS prepared
INNER JOIN trueup.runs AS run USING (run_id);
