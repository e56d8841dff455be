-- Counts the rows of a block, and the accounts of plain ones that are not known in their currency.
SELECT
    (SELECT count(*) FROM judged) AS rows,
    (
        SELECT count(*)
        FROM (
            SELECT debit_account_id AS account_id, currency_code FROM judged WHERE plain
            UNION
            SELECT credit_account_id, currency_code FROM judged WHERE plain
        ) AS used
        WHERE NOT EXISTS (
            SELECT 1 FROM accounts
            WHERE
                accounts.account_id = used.account_id
                AND accounts.currency_code = used.currency_code
        )
    ) AS unknown_accounts
