-- Counts what the ledger holds, and from when to when.
SELECT
    (SELECT count(*) FROM bank_accounts) AS accounts,
    count(*) AS entries,
    min(timestamp_utc)::TEXT AS earliest_entry,
    max(timestamp_utc)::TEXT AS latest_entry
FROM ledger_entries
