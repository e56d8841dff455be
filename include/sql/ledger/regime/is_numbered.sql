-- Tells whether ids can be reserved: they come from a sequence that belongs to the column.
SELECT pg_get_serial_sequence('ledger_entries', 'id') IS NOT NULL AS numbered
