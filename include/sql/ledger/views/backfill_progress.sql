-- Shows the sources that are being loaded, and when each last moved.
CREATE OR REPLACE VIEW backfill_progress AS
SELECT
    source_id,
    source_type,
    status,
    total_processed,
    total_successful,
    total_failed,
    last_checkpoint_at,
    now() AT TIME ZONE 'UTC' - last_checkpoint_at AS time_since_last_checkpoint
FROM ledger_backfill_checkpoints
WHERE status = 'IN_PROGRESS';
