-- Says on the source's checkpoint row how its run stands: going on, finished, failed or paused.
UPDATE ledger_backfill_checkpoints SET
    status = %(status)s::TEXT,
    completed_at = CASE
        WHEN %(status)s::TEXT = 'COMPLETED' THEN clock_timestamp() AT TIME ZONE 'UTC'
    END,
    last_checkpoint_at = clock_timestamp() AT TIME ZONE 'UTC',
    error_message = %(message)s
WHERE
    source_id = %(source_id)s
    AND source_type = %(source_type)s
    AND metadata ->> 'run_id' = %(run_id)s
