-- Measures the books for the trend from night to night.
SELECT
    (SELECT count(*) FROM bank_accounts) AS accounts,
    (SELECT count(*) FROM ledger_entries) AS entries,
    (SELECT count(*) FROM dual_ledger_outbox WHERE status IN ('QUEUED', 'SENT')) AS outbox_backlog,
    (SELECT count(*) FROM dual_ledger_outbox WHERE status = 'FAILED') AS outbox_failed,
    (
        SELECT coalesce(extract(EPOCH FROM now() - min(created_at))::BIGINT, 0)
        FROM dual_ledger_outbox WHERE status IN ('QUEUED', 'SENT')
    ) AS outbox_age_seconds,
    (
        SELECT coalesce(jsonb_object_agg(currency_code, net ORDER BY currency_code), '{}')
        FROM (
            SELECT
                currency_code,
                trim_scale(sum(
                    CASE normal_side WHEN 'debit' THEN balance ELSE -balance END
                ))::TEXT AS net
            FROM bank_accounts
            GROUP BY currency_code
        ) AS totals
    ) AS net_balances
