-- Leaves out the deposits that were made outside the window of time that was asked for.
DELETE FROM trueup.staged_entries
WHERE
    run_id = %(run_id)s
    AND (
        deposited_at < %(not_before)s::TIMESTAMPTZ
        OR deposited_at > %(not_after)s::TIMESTAMPTZ
    )
