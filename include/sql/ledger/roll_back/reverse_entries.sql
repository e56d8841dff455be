-- Reverses up to a batch of the run's entries, and counts them.
SELECT reverse_ledger_entries(
    %(run_id)s, %(high_water_entry_id)s, %(batch_size)s
) AS reversed
