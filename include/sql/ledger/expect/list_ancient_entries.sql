-- Lists entries of this run from before 1970: few ledgers are older, many an export is wrong.
SELECT
    reference_id,
    timestamp_utc::TEXT AS timestamp_utc
FROM ledger_entries
WHERE
    id > %(high_water_entry_id)s
    AND run_id = %(run_id)s
    AND timestamp_utc < '1970-01-01T00:00:00Z'
ORDER BY id
