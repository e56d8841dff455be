-- Finds accounts that break the balance rules, those aside that a run in flight exempts.
SELECT
    'critical' AS severity,
    id AS subject,
    currency_code,
    NULL AS expected,
    available_balance AS actual,
    CASE
        WHEN reserved_balance < 0 THEN 'The reserved balance is below zero.'
        WHEN available_balance + reserved_balance > balance
            THEN 'Available and reserved balance are more than the balance.'
        ELSE 'The available balance is below zero, and the account may not overdraw.'
    END AS cause
FROM bank_accounts
WHERE
    backfill_run_id IS NULL
    AND (
        reserved_balance < 0
        OR available_balance + reserved_balance > balance
        OR (available_balance < 0 AND NOT allow_overdraft)
    )
