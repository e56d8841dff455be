-- Keeps a run of the check, and gives its id.
INSERT INTO ledger_reconciliation_runs (status, drift_count, max_delta, report, created_at)
VALUES (
    %(status)s, %(drift_count)s, least(%(max_delta)s::BIGINT, 2147483647), %(report)s, now()
)
RETURNING id AS run_id
