-- Finds accounts whose stored balance is not their opening balance and their entries.
SELECT
    'critical' AS severity,
    account_id AS subject,
    currency_code,
    balance - unexplained + opening_balance AS expected,
    balance AS actual,
    CASE
        WHEN EXISTS (
            SELECT 1 FROM ledger_entry_legs AS leg
            WHERE
                leg.account_id = moved.account_id
                AND leg.amount = abs(moved.unexplained - moved.opening_balance)
        )
            THEN 'One of its entries has this amount: it moved the balance twice, or not at all.'
        ELSE 'The balance was moved without an entry.'
    END AS cause
FROM ledger_openings AS moved
WHERE unexplained <> opening_balance
