-- Receives their outbox rows.
COPY dual_ledger_outbox (entry_id, reference_id) FROM STDIN
