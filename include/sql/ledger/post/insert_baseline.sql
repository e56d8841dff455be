-- Keeps every account as it stands before the run; opening is the balance that no entry explains.
WITH legs AS (
    SELECT debit_account_id AS account_id, sum(amount) AS debit
    FROM ledger_entries WHERE id <= %(high_water_entry_id)s GROUP BY debit_account_id
    UNION ALL
    SELECT credit_account_id, -sum(amount)
    FROM ledger_entries WHERE id <= %(high_water_entry_id)s GROUP BY credit_account_id
), moved AS (
    SELECT account_id, sum(debit) AS debit FROM legs GROUP BY account_id
)
INSERT INTO trueup.baseline_accounts (
    run_id, account_id, currency_code, normal_side, allow_overdraft, balance, available_balance,
    reserved_balance, opening_balance
)
SELECT
    %(run_id)s,
    account.id,
    account.currency_code,
    account.normal_side,
    account.allow_overdraft,
    account.balance,
    account.available_balance,
    account.reserved_balance,
    account.balance
    - CASE account.normal_side WHEN 'debit' THEN 1 ELSE -1 END * coalesce(moved.debit, 0)
FROM bank_accounts AS account
LEFT JOIN moved ON moved.account_id = account.id
