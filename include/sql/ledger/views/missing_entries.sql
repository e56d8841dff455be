-- Shows rows of runs in flight that the ledger does not have yet.
CREATE OR REPLACE VIEW missing_entries AS
SELECT
    source.source_id,
    source.reference_id,
    source.run_id,
    source.position
FROM backfill_source_data AS source
WHERE NOT EXISTS (
    SELECT 1 FROM ledger_entries AS entry
    WHERE entry.ledger_id = source.ledger_id AND entry.reference_id = source.reference_id
);
