-- Adds up what the plain rows of a block move on each account.
CREATE OR REPLACE TEMP TABLE moved AS
SELECT
    account_id,
    currency_code,
    sum(entries) AS entries,
    sum(debit) AS debit,
    sum(credit) AS credit
FROM (
    SELECT
        debit_account_id AS account_id,
        currency_code,
        count(*) AS entries,
        sum(amount::DECIMAL(26, 8)) AS debit,
        0 AS credit
    FROM judged WHERE plain GROUP BY ALL
    UNION ALL
    SELECT credit_account_id, currency_code, 0, 0, sum(amount::DECIMAL(26, 8))
    FROM judged WHERE plain GROUP BY ALL
) AS legs
GROUP BY ALL
