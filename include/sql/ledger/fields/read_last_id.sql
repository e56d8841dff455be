-- Reads the last id.
SELECT coalesce(max(id), 0) AS last_id FROM ledger_entries
