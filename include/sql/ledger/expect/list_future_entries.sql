-- Lists entries of this run that are dated later than today's clock.
SELECT
    reference_id,
    timestamp_utc::TEXT AS timestamp_utc
FROM ledger_entries
WHERE
    id > %(high_water_entry_id)s
    AND run_id = %(run_id)s
    AND timestamp_utc > now()
ORDER BY id
