-- Takes from the plain rows' movements what those rows moved that are plain no more.
WITH withdrawn AS (
    SELECT
        debit_account_id,
        credit_account_id,
        upper(coalesce(currency_code, 'USD')) AS currency_code,
        amount::NUMERIC AS amount
    FROM trueup.staged_entries
    WHERE run_id = %(run_id)s AND position = ANY(%(positions)s)
), legs AS (
    SELECT debit_account_id AS account_id, currency_code, 1 AS entries, amount AS debit, 0 AS credit
    FROM withdrawn
    UNION ALL
    SELECT credit_account_id, currency_code, 0, 0, amount FROM withdrawn
), moved AS (
    SELECT
        account_id,
        currency_code,
        sum(entries) AS entries,
        sum(debit) AS debit,
        sum(credit) AS credit
    FROM legs GROUP BY account_id, currency_code
)
UPDATE trueup.movements AS movement SET
    entries = movement.entries - moved.entries,
    debit = movement.debit - moved.debit,
    credit = movement.credit - moved.credit
FROM moved
WHERE
    movement.run_id = %(run_id)s
    AND movement.plain
    AND movement.account_id = moved.account_id
    AND movement.currency_code = moved.currency_code
