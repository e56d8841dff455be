-- Says on the source's checkpoint row how its run stands: going on, finished, failed or paused.
UPDATE ledger_backfill_checkpoints SET
    status = %(status)s::TEXT,
    completed_at = CASE
        WHEN %(status)s::TEXT = 'COMPLETED' THEN clock_timestamp() AT TIME ZONE 'UTC'
    END,
    -- An initial load has no index to look this up batch by batch.
    last_processed_timestamp = coalesce(last_processed_timestamp, (
        SELECT entry.timestamp_utc AT TIME ZONE 'UTC'
        FROM trueup.runs AS run
        INNER JOIN ledger_entries AS entry
            ON entry.id = run.entry_id_base + last_processed_id::BIGINT
        WHERE run.run_id = %(run_id)s AND %(status)s::TEXT = 'COMPLETED'
    )),
    last_checkpoint_at = clock_timestamp() AT TIME ZONE 'UTC',
    error_message = %(message)s
WHERE
    source_id = %(source_id)s
    AND source_type = %(source_type)s
    AND metadata ->> 'run_id' = %(run_id)s
