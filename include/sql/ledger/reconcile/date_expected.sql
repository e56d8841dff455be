-- Dates the balances that name no date: as of the last entry that the source delivered, whether it
-- was posted now or before, or lies in quarantine.
UPDATE trueup.expected_balances SET
    as_of = coalesce(greatest(
        (SELECT max(timestamp_utc) FROM trueup.prepared_entries WHERE run_id = %(run_id)s),
        (SELECT max(timestamp_utc) FROM ledger_entries WHERE run_id = %(run_id)s),
        (
            SELECT max(trueup.read_timestamp(fields ->> 'timestampUtc'))
            FROM trueup.quarantine
            WHERE run_id = %(run_id)s
        )
    ), 'infinity')
WHERE run_id = %(run_id)s AND as_of IS NULL
