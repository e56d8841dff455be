-- Adds up, in one pass over the entries, what they move on each account, for the statements of this
-- transaction that ask for it. Each entry has one debit leg: there it is counted.
CREATE TEMP TABLE account_legs ON COMMIT DROP AS
SELECT
    currency_code,
    debit_account_id AS account_id,
    sum(amount) AS debit,
    count(*) AS entries,
    sum(amount) AS amount,
    count(*) FILTER (WHERE run_id = %(run_id)s) AS run_entries,
    coalesce(sum(amount) FILTER (WHERE run_id = %(run_id)s), 0) AS run_amount
FROM ledger_entries
GROUP BY currency_code, debit_account_id
UNION ALL
SELECT currency_code, credit_account_id, -sum(amount), 0, 0, 0, 0
FROM ledger_entries
GROUP BY currency_code, credit_account_id
