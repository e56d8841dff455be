-- Opens the source's checkpoint row for this run: the last run of a logical source.
INSERT INTO ledger_backfill_checkpoints (
    source_id, source_type, status, started_at, last_checkpoint_at, metadata
) VALUES (
    %(source_id)s, %(source_type)s, 'IN_PROGRESS',
    clock_timestamp() AT TIME ZONE 'UTC', clock_timestamp() AT TIME ZONE 'UTC',
    %(metadata)s
)
ON CONFLICT (source_id, source_type) DO UPDATE SET
    status = 'IN_PROGRESS',
    started_at = excluded.started_at,
    last_checkpoint_at = excluded.last_checkpoint_at,
    last_processed_id = NULL,
    last_processed_timestamp = NULL,
    total_processed = 0,
    total_successful = 0,
    total_failed = 0,
    completed_at = NULL,
    error_message = NULL,
    metadata = excluded.metadata
