-- Shows how far the outbox is delivered: rows by status, how old the oldest and newest are, and how
-- many the other ledger has refused; of all others that were attempted, any may have arrived.
CREATE OR REPLACE VIEW outbox_sync_status AS
SELECT
    status,
    count(*) AS count,
    min(created_at) AS oldest,
    max(created_at) AS newest,
    max(attempts) AS most_attempts,
    count(*) FILTER (WHERE refused) AS refused
FROM dual_ledger_outbox
GROUP BY status;
