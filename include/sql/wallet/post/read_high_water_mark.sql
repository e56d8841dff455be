-- Reads the number of the last journal entry: a higher one came after the run's start.
SELECT coalesce(max(entry_no), 0) AS high_water_entry_id FROM coin_journal_entries
