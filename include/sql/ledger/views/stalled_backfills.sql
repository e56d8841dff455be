-- Shows the sources that are being loaded and have not moved for an hour.
CREATE OR REPLACE VIEW stalled_backfills AS
SELECT
    source_id,
    source_type,
    last_processed_id,
    total_processed,
    last_checkpoint_at,
    time_since_last_checkpoint
FROM (
    SELECT
        checkpoint.source_id,
        checkpoint.source_type,
        checkpoint.last_processed_id,
        checkpoint.total_processed,
        checkpoint.last_checkpoint_at,
        now() AT TIME ZONE 'UTC' - checkpoint.last_checkpoint_at AS time_since_last_checkpoint
    FROM ledger_backfill_checkpoints AS checkpoint
    WHERE checkpoint.status = 'IN_PROGRESS'
) AS loading
WHERE time_since_last_checkpoint > INTERVAL '1 hour';
