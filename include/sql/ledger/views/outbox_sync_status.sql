-- Shows how far the outbox is delivered: rows by status, and how old the oldest and newest are.
CREATE OR REPLACE VIEW outbox_sync_status AS
SELECT
    status,
    count(*) AS count,
    min(created_at) AS oldest,
    max(created_at) AS newest,
    max(attempts) AS most_attempts
FROM dual_ledger_outbox
GROUP BY status;
