-- Leaves out what lies outside the window of time that was asked for.
DELETE FROM trueup.staged_entries
WHERE
    run_id = %(run_id)s
    AND reason_code IS NULL
    AND timestamp_utc ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
    AND trueup.is_valid_input(timestamp_utc, 'timestamptz')
    AND NOT (
        timestamp_utc::TIMESTAMPTZ >= coalesce(%(not_before)s::TIMESTAMPTZ, '-infinity')
        AND timestamp_utc::TIMESTAMPTZ <= coalesce(%(not_after)s::TIMESTAMPTZ, 'infinity')
    )
