-- Reads the highest entry id: what comes later has a higher one.
SELECT coalesce(max(id), 0) AS high_water_entry_id FROM ledger_entries
