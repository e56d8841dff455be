-- Adds up, account by account, the debits less the credits of the plain rows of a block.
SELECT account_id, sum(debit) AS debit
FROM (
    SELECT debit_account_id AS account_id, sum(amount::DECIMAL(26, 8)) AS debit
    FROM judged WHERE plain GROUP BY ALL
    UNION ALL
    SELECT credit_account_id, -sum(amount::DECIMAL(26, 8)) FROM judged WHERE plain GROUP BY ALL
) AS legs
GROUP BY account_id
ORDER BY account_id
