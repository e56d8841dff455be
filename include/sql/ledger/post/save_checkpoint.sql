-- Brings the source's checkpoint row up to date with the ranges of the run.
-- last_processed_id is the low-water mark: every row up to it is settled, in every range.
UPDATE ledger_backfill_checkpoints AS checkpoint SET
    last_processed_id = progress.low_water_key::TEXT,
    last_processed_timestamp = coalesce((
        SELECT timestamp_utc AT TIME ZONE 'UTC' FROM trueup.prepared_entries
        WHERE run_id = %(run_id)s AND position = progress.low_water_key
    ), checkpoint.last_processed_timestamp),
    total_processed = progress.read,
    total_successful = progress.posted + progress.replayed,
    total_failed = progress.quarantined,
    last_checkpoint_at = clock_timestamp() AT TIME ZONE 'UTC'
FROM (
    SELECT
        coalesce(
            min(checkpoint_key) FILTER (WHERE checkpoint_key < last_key), max(last_key)
        ) AS low_water_key,
        sum(read) AS read,
        sum(posted) AS posted,
        sum(replayed) AS replayed,
        sum(quarantined) AS quarantined
    FROM trueup.run_ranges
    WHERE run_id = %(run_id)s
) AS progress
WHERE
    checkpoint.source_id = %(source_id)s AND checkpoint.source_type = %(source_type)s
