-- Takes from every balance what the run's entries have moved; for an initial load, in one step.
WITH legs AS (
    SELECT debit_account_id AS account_id, sum(amount) AS debit
    FROM ledger_entries GROUP BY debit_account_id
    UNION ALL
    SELECT credit_account_id, -sum(amount) FROM ledger_entries GROUP BY credit_account_id
), moved AS (
    SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
), locked AS (
    SELECT id FROM bank_accounts
    WHERE id IN (SELECT account_id FROM moved)
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE bank_accounts AS account SET
    balance = account.balance
    - CASE account.normal_side WHEN 'debit' THEN moved.debit ELSE -moved.debit END,
    available_balance = account.available_balance
    - CASE account.normal_side WHEN 'debit' THEN moved.debit ELSE -moved.debit END,
    updated_at = now()
FROM moved, locked
WHERE account.id = moved.account_id AND locked.id = account.id
