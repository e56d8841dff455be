-- Shows what each run has brought into the ledger: its entries, references and span of time.
CREATE OR REPLACE VIEW backfill_completion AS
SELECT
    run_id,
    count(*) AS total_entries,
    count(DISTINCT reference_id) AS unique_references,
    count(DISTINCT ledger_id) AS unique_ledgers,
    min(timestamp_utc) AS earliest_entry,
    max(timestamp_utc) AS latest_entry
FROM ledger_entries
WHERE run_id IS NOT NULL
GROUP BY run_id;
