-- Leaves out what lies outside the window of time that was asked for. What has no time or none that
-- exists stays: it is judged with the rest.
DELETE FROM trueup.staged_entries
WHERE
    run_id = %(run_id)s
    AND reason_code IS NULL
    AND (
        trueup.read_timestamp(timestamp_utc) < %(not_before)s::TIMESTAMPTZ
        OR trueup.read_timestamp(timestamp_utc) > %(not_after)s::TIMESTAMPTZ
    )
