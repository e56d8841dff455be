-- Keeps what became of a delivery: acknowledged, to be sent again, refused, or given up.
UPDATE dual_ledger_outbox SET
    status = %(status)s,
    refused = %(refused)s,
    last_error = %(last_error)s,
    updated_at = clock_timestamp()
WHERE id = %(id)s AND status = 'SENT'
